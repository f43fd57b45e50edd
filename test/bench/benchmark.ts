/**
 * What a benchmark is: a subject and a fixed reference, both counted in units of their own. Measured in turn, round by round, so that
 * a busy or slow machine touches both alike; the figure that travels is their ratio, the absolute ones are of this machine.
 */

/** One timed piece of work: how many units were done in how many seconds. */
export interface Work {
  readonly units: number;
  /** CPU seconds of all threads of the process. */
  readonly cpuSeconds: number;
  /** Seconds on the wall; undefined where other work of the same process would be in it. */
  readonly wallSeconds?: number;
}

export interface Subject {
  /** What one unit is, in the singular: 'event', 'process'. */
  readonly unit: string;
  readonly doc: string;
  /** Does and times at least `seconds` of work. */
  readonly measure: (seconds: number) => Work;
}

export interface Prepared {
  readonly subject: Subject;
  readonly reference: Subject;
  /** Sizes that say what was measured, printed and kept with the figures. */
  readonly facts: Readonly<Record<string, number>>;
}

export interface Surroundings {
  /** Folder of package.json; models are found from it. */
  readonly root: string;
  /** The command line as a JavaScript file. */
  readonly cli: string;
  /** `tiny` only shows that a benchmark works; its figures mean nothing. */
  readonly size: 'full' | 'tiny';
}

export interface Benchmark {
  readonly name: string;
  /** Absolute figures read best as seconds for one unit or as units per second. */
  readonly shows: 'seconds' | 'rate';
  /** Wall seconds that one unit should stay below on a machine with nothing else to do. */
  readonly goalSeconds?: number;
  /** Everything that is not to be timed. A text says why it cannot run here. */
  readonly prepare: (surroundings: Surroundings) => Prepared | string;
}
