/** Elementwise operators of floats between quantizers. */
import { testOperators } from './operators.ts';
import { FLOAT_EXACT } from './single-op-floats.ts';

testOperators(FLOAT_EXACT);
