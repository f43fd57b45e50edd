; Four weight tiles through two planes: while one plane computes, the other is written. K = 32 in four slices of 8.
.machine teach-8x8

.const  x    = dram@0    u4[32]   : iota
.const  w0   = dram@0x40 s4[8,2]  : 1 0  1 0  1 0  1 0  1 0  1 0  1 0  1 0
.const  w1   = dram@0x48 s4[8,2]  : 1 1  1 1  1 1  1 1  1 1  1 1  1 1  1 1
.const  w2   = dram@0x50 s4[8,2]  : 1 2  1 2  1 2  1 2  1 2  1 2  1 2  1 2
.const  w3   = dram@0x58 s4[8,2]  : 1 3  1 3  1 3  1 3  1 3  1 3  1 3  1 3
.output y    = dram@0x80 s32[2]

.tensor x_s  = spad@0    u4[1,32]
.tensor sum  = acc@0     s32[1,2] role=partial-sums
.tensor y_s  = spad@0x40 s32[2]
.array  a0   = s4[8,2] plane=0 kstart=0
.array  a1   = s4[8,2] plane=1 kstart=8
.array  a2   = s4[8,2] plane=0 kstart=16
.array  a3   = s4[8,2] plane=1 kstart=24

.sem loaded  dma0   -> matrix
.sem full    write  -> matrix
.sem free    matrix -> write = 2
.sem summed  matrix -> drain
.sem drained drain  -> dma0

copy.0 x_s, x                                signal loaded
ww     a0, w0               wait free        signal full
ww     a1, w1               wait free        signal full
mm     sum, x_s, a0 kdims=1 wait loaded, full signal free@release
ww     a2, w2               wait free        signal full
mm     sum, x_s, a1 kdims=1 accumulate wait full signal free@release
ww     a3, w3               wait free        signal full
mm     sum, x_s, a2 kdims=1 accumulate wait full signal free@release
mm     sum, x_s, a3 kdims=1 accumulate wait full signal free@release, summed
rq.saturate y_s, sum wait summed    signal drained
copy.0 y, y_s               wait drained
halt
