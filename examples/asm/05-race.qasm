; A race, on purpose: the second load overwrites x_s while the first product may still be reading it. The missing edge is printed.
.machine teach-8x8

.const  x0  = dram@0    u4[8]   : 1 2 3 4 5 6 7 8
.const  x1  = dram@0x20 u4[8]   : 8 8 8 8 8 8 8 8
.const  w   = dram@0x40 s4[8,2] : 1 2  1 2  1 2  1 2  1 2  1 2  1 2  1 2
.output y   = dram@0x80 s32[2,2]

.tensor x_s = spad@0    u4[8]
.tensor s0  = acc@0     s32[1,2] role=partial-sums
.tensor s1  = acc@8     s32[1,2] role=partial-sums
.tensor s   = acc@0     s32[2,2] role=partial-sums
.tensor y_s = spad@0x40 s32[2,2]
.array  a   = s4[8,2]

.sem loaded  dma0   -> matrix
.sem written write  -> matrix
.sem summed  matrix -> drain
.sem drained drain  -> dma0

copy.0 x_s, x0                         signal loaded
ww     a, w                            signal written
mm     s0, x_s, a  kdims=1             wait loaded, written
copy.0 x_s, x1                         signal loaded        ; must wait until mm has read x_s
mm     s1, x_s, a  kdims=1             wait loaded          signal summed
rq.saturate y_s, s           wait summed          signal drained
copy.0 y, y_s                          wait drained
halt
