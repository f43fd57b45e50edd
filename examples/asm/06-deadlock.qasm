; A deadlock, on purpose: matrix waits for the drain, the drain waits for matrix. No queue is long enough.
.machine teach-8x8

.const  x   = dram@0    u4[8]   : 1 2 3 4 5 6 7 8
.const  w   = dram@0x40 s4[8,2] : 1 2  1 2  1 2  1 2  1 2  1 2  1 2  1 2
.output y   = dram@0x80 s32[2]

.tensor x_s = spad@0    u4[8]
.tensor sum = acc@0     s32[1,2] role=partial-sums
.tensor y_s = spad@0x40 s32[2]
.array  a   = s4[8,2]

.sem loaded  dma0   -> matrix
.sem written write  -> matrix
.sem summed  matrix -> drain
.sem emptied drain  -> matrix          ; "accumulators are free": should start at 1
.sem drained drain  -> dma0

copy.0 x_s, x                          signal loaded
ww     a, w                            signal written
mm     sum, x_s, a  kdims=1            wait loaded, written, emptied  signal summed
rq.saturate y_s, sum         wait summed           signal emptied@release, drained
copy.0 y, y_s                          wait drained
halt
