/**
 * Units as queues without time: does a program whose waits come before their signals still get through, and how deep must queues be? In-order units and
 * counting semaphores make progress the same in every order, so one run decides.
 */

export interface QueueItem {
  readonly core: number;
  readonly pc: number;
  readonly unit: number;
  /** Runs in the sequencer: blocks dispatch instead of taking a place in a queue. */
  readonly scalar: boolean;
  /** Semaphores by key; each is taken once. */
  readonly waits: readonly string[];
  readonly signals: readonly string[];
}

export interface Verdict {
  readonly kind: 'deadlock' | 'deadlock-at-this-depth' | 'order-law';
  /** Instructions that wait for a semaphore for ever. */
  readonly blocked: readonly QueueItem[];
}

/** `cores`: what each core still has to do, in program order; `counts`: the semaphores as they stand. */
export function deadlockVerdict(
  cores: readonly (readonly QueueItem[])[],
  counts: ReadonlyMap<string, number>,
  queueDepth: number,
): Verdict {
  const unlimited = runQueues(cores, counts, Infinity);
  if (unlimited.length > 0) return { kind: 'deadlock', blocked: unlimited };
  const limited = runQueues(cores, counts, queueDepth);
  return limited.length > 0 ? { kind: 'deadlock-at-this-depth', blocked: limited } : { kind: 'order-law', blocked: [] };
}

interface Queue {
  readonly items: QueueItem[];
  head: number;
}

/** What stays blocked: heads of queues, and scalar instructions in the sequencer; empty when everything got through. */
function runQueues(
  cores: readonly (readonly QueueItem[])[],
  start: ReadonlyMap<string, number>,
  depth: number,
): QueueItem[] {
  const counts = new Map(start);
  const queues = new Map<number, Queue>();
  const dispatched = cores.map(() => 0);
  for (let moved = true; moved; ) {
    moved = false;
    cores.forEach((items, core) => {
      for (
        let item = items[dispatched[core]!];
        item !== undefined && admit(item, queues, counts, depth);
        item = items[dispatched[core]!]
      ) {
        dispatched[core] = dispatched[core]! + 1;
        moved = true;
      }
    });
    for (const queue of queues.values()) {
      for (
        let head = queue.items[queue.head];
        head !== undefined && tryStart(head, counts);
        head = queue.items[queue.head]
      ) {
        queue.head += 1;
        moved = true;
      }
    }
  }
  const heads = [...queues.values()].flatMap((q) => q.items.slice(q.head, q.head + 1));
  return [
    ...heads,
    ...cores.flatMap((items, core) => items.slice(dispatched[core]!, dispatched[core]! + 1).filter((i) => i.scalar)),
  ];
}

/** Dispatches: a scalar instruction runs at once or blocks, another one takes a place in its unit's queue. */
function admit(item: QueueItem, queues: Map<number, Queue>, counts: Map<string, number>, depth: number): boolean {
  if (item.scalar) return tryStart(item, counts);
  const queue = queues.get(item.unit) ?? { items: [], head: 0 };
  if (queue.items.length - queue.head >= depth) return false;
  queue.items.push(item);
  queues.set(item.unit, queue);
  return true;
}

/** Takes the waits and gives the signals of one instruction if its semaphores are there. */
function tryStart(item: QueueItem, counts: Map<string, number>): boolean {
  const need = new Map<string, number>();
  for (const w of item.waits) need.set(w, (need.get(w) ?? 0) + 1);
  for (const [w, n] of need) if ((counts.get(w) ?? 0) < n) return false;
  for (const w of item.waits) counts.set(w, counts.get(w)! - 1);
  for (const s of item.signals) counts.set(s, (counts.get(s) ?? 0) + 1);
  return true;
}
