/** Units as queues without time: does a program whose waits come before their signals still get through, and how deep must queues be? */

export interface QueueItem {
  readonly core: number;
  readonly pc: number;
  readonly unit: number;
  readonly waits: readonly string[];
  readonly signals: readonly string[];
}

export interface Verdict {
  readonly kind: 'deadlock' | 'deadlock-at-this-depth' | 'order-law';
  readonly blocked: readonly QueueItem[];
}

/** Items in program order (per core); `counts` are the semaphores as they stand. */
export function deadlockVerdict(items: readonly QueueItem[], counts: ReadonlyMap<string, number>, queueDepth: number): Verdict {
  const unlimited = drain(items, counts, Infinity);
  if (unlimited.length > 0) return { kind: 'deadlock', blocked: unlimited };
  const limited = drain(items, counts, queueDepth);
  return limited.length > 0 ? { kind: 'deadlock-at-this-depth', blocked: limited } : { kind: 'order-law', blocked: [] };
}

/** Heads of the queues that stay blocked; empty when everything got through. */
function drain(items: readonly QueueItem[], start: ReadonlyMap<string, number>, depth: number): QueueItem[] {
  const counts = new Map(start);
  const queues = new Map<number, QueueItem[]>();
  const cores = new Map<number, QueueItem[]>();
  for (const i of items) cores.set(i.core, [...(cores.get(i.core) ?? []), i]);
  const order = [...cores.values()].map((list) => ({ list, at: 0 }));
  for (let moved = true; moved; ) {
    moved = false;
    for (const core of order) {
      for (let item = core.list[core.at]; item !== undefined && (queues.get(item.unit)?.length ?? 0) < depth; item = core.list[core.at]) {
        queues.set(item.unit, [...(queues.get(item.unit) ?? []), item]);
        core.at += 1;
        moved = true;
      }
    }
    for (const queue of queues.values()) {
      for (let head = queue[0]; head !== undefined && canStart(head, counts); head = queue[0]) {
        for (const w of head.waits) counts.set(w, counts.get(w)! - 1);
        for (const s of head.signals) counts.set(s, (counts.get(s) ?? 0) + 1);
        queue.shift();
        moved = true;
      }
    }
  }
  return [...queues.values()].flatMap((q) => q.slice(0, 1));
}

function canStart(item: QueueItem, counts: ReadonlyMap<string, number>): boolean {
  const need = new Map<string, number>();
  for (const w of item.waits) need.set(w, (need.get(w) ?? 0) + 1);
  return [...need].every(([w, n]) => (counts.get(w) ?? 0) >= n);
}
