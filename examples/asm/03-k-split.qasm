; K = 16 over two macros of 8 rows: both multiply at once, the adder between the macros joins their sums.
.machine teach-8x8 core.matrix.macros=2

.const  x   = dram@0    u4[16]   : iota
.const  w   = dram@0x40 s4[16,2] : 1 1  1 1  1 1  1 1  1 1  1 1  1 1  1 1  1 -1  1 -1  1 -1  1 -1  1 -1  1 -1  1 -1  1 -1
.output y   = dram@0x80 s32[2]

.tensor x_s = spad@0    u4[16]
.tensor sum = acc@0     s32[1,2] role=partial-sums
.tensor y_s = spad@0x40 s32[2]
.array  a   = s4[16,2] grid=2x1

.sem loaded  dma0   -> matrix
.sem written write  -> matrix
.sem summed  matrix -> drain
.sem drained drain  -> dma0

copy.0 x_s, x                          signal loaded
ww     a, w                            signal written
mm     sum, x_s, a  kdims=1            wait loaded, written  signal summed
rq.saturate y_s, sum         wait summed           signal drained
copy.0 y, y_s                          wait drained
halt
