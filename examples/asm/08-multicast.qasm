; 01-mvm on two cores, an output each. Core 0 reads x once and sends it into both scratchpads; the signal behind it goes to semaphore 1 of both.
.machine teach-8x8 cores=2 interconnect.multicast=true

.const  x   = dram@0    u4[8]   : 1 2 3 4 5 6 7 8
.const  w0  = dram@0x40 s4[8,1] : fill(1)
.const  w1  = dram@0x60 s4[8,1] : fill(2)
.output y   = dram@0x80 s32[2]
.tensor y0  = dram@0x80 s32[1]
.tensor y1  = dram@0x84 s32[1]

.tensor x_s = spad@0    u4[8]
.tensor sum = acc@0     s32[1,1] role=partial-sums
.tensor y_s = spad@0x40 s32[1]
.array  a   = s4[8,1]

.core 0
.sem loaded0  #1 dma0   -> matrix
.sem written0 write  -> matrix
.sem summed0  matrix -> drain
.sem drained0 drain  -> dma0

copy.0 x_s, x cores=core0,core1 signalRemote=loaded0
ww     a, w0                           signal written0
mm     sum, x_s, a  kdims=1            wait loaded0, written0  signal summed0
rq.saturate y_s, sum         wait summed0          signal drained0
copy.0 y0, y_s                         wait drained0
halt

.core 1
.sem loaded1  #1 dma0@core0 -> matrix
.sem written1 write  -> matrix
.sem summed1  matrix -> drain
.sem drained1 drain  -> dma0

ww     a, w1                           signal written1
mm     sum, x_s, a  kdims=1            wait loaded1, written1  signal summed1
rq.saturate y_s, sum         wait summed1          signal drained1
copy.0 y1, y_s                         wait drained1
halt
