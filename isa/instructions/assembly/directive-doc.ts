/** What each directive looks like and means, for the manual; a test holds the list against the reader's. */

export const DIRECTIVES_DOC: readonly (readonly [form: string, doc: string])[] = [
  ['.program "name"', 'name of the program; the file name when left out'],
  ['.machine preset path=value ...', 'machine to use when the command line names none, with overrides'],
  [
    '.dram size=bytes code=address',
    'DRAM of the program and place of the code; what is left out follows from the declarations',
  ],
  ['.tensor name = tensor', 'a tensor descriptor'],
  [
    '.const name = tensor : values',
    'a dense tensor in dram and its contents: numbers, `iota`, `fill(v)` or `random(seed)`; role weights unless stated',
  ],
  ['.bytes address : "hex" ...', 'contents of dram without a descriptor'],
  [
    '.input name = tensor',
    'a tensor in dram that the host fills; also `.input name is tensor shape(1,8)` for a declared one',
  ],
  ['.output name = tensor', 'a tensor in dram that the host reads; same forms'],
  [
    '.array name = type[K,N] field=value ...',
    'an array descriptor; fields macro, grid=KxN, replicas, row, column, plane, kstart',
  ],
  [
    '.sem name [#number] unit -> unit [= initial]',
    'a semaphore with its signalling and its waiting unit; `unit@core1` for another core',
  ],
  [
    '.layer "name" op m= k= n= macs=',
    'the instructions that follow belong to this layer; `.layer id = "name" op` only declares, `.layer id` and `.layer none` choose',
  ],
  ['.core number', "the code that follows is that core's"],
];
