; A 3x3 convolution with stride 2 and padding 1 of a 5x5 image: no copy makes the windows or the border, the walk does.
; Nine taps do not fit eight rows, so the window is cut: taps 0..4 and 5..8 are two tiles, summed in the accumulators.
.machine teach-8x8

.const  img  = dram@0     u4[5,5] : iota
.const  w    = dram@0x40  s4[9,2] : 1 1  0 1  -1 1   2 1  0 1  -2 1   1 1  0 1  -1 1
.output y    = dram@0x80  s32[9,2]

.tensor img_s = spad@0    u4[y:5,x:5]
; window at (oy, ox): image row 2*oy - 1 + ky, column 2*ox - 1 + kx; outside the image it reads 0
.tensor win   = img_s dims(y:3*2 x:3*2 y:3*1 x:3*1) origin(y=-1 x=-1)
.tensor w_lo  = dram@0x40 s4[5,2] role=weights
.tensor w_hi  = dram@0x45 s4[4,2] role=weights
.tensor sum   = acc@0     s32[9,2] role=partial-sums
.tensor y_s   = spad@0x80 s32[9,2]
.array  lo    = s4[5,2] plane=0 kstart=0
.array  hi    = s4[4,2] plane=1 kstart=5

.sem loaded  dma0   -> matrix
.sem written write  -> matrix
.sem summed  matrix -> drain
.sem drained drain  -> dma0

copy.0 img_s, img                      signal loaded
ww     lo, w_lo                        signal written
ww     hi, w_hi                        signal written
mm     sum, win, lo kdims=2            wait loaded, written
mm     sum, win, hi kdims=2 accumulate wait written signal summed
rq.saturate y_s, sum          wait summed  signal drained
copy.0 y, y_s                          wait drained
halt
