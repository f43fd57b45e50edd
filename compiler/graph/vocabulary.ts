/** The words that the graph shares with the instruction set; only names, no arithmetic. */
export type { Rounding } from '../../isa/instructions/table.ts';
export type { Coding } from '../../isa/tensor.ts';
