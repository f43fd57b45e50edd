/**
 * Numbers for what is alike, so that comparing is comparing numbers: texts, and walks (everything of a tensor descriptor but where it starts). A walk is looked up
 * number by number in a tree, because there are many and no text of them is needed.
 */
import type { TensorDescriptor } from '../../isa/tensor.ts';

/** Numbers texts: equal ones alike. */
export class Keys {
  readonly #numbers = new Map<string, number>();

  get count(): number {
    return this.#numbers.size;
  }

  number(text: string): number {
    const known = this.#numbers.get(text) ?? this.#numbers.size;
    this.#numbers.set(text, known);
    return known;
  }
}

type Branch = Map<string | number, number>;

/** Numbers walks: those alike that differ at most in name, base, origins and registers. */
export class WalkKeys {
  readonly #branches: Branch[] = [new Map()];

  number(t: TensorDescriptor): number {
    let node = this.#next(0, t.space);
    node = this.#next(node, t.widthBits);
    node = this.#next(node, t.coding);
    node = this.#next(node, t.role);
    node = this.#next(node, t.fill);
    node = this.#next(node, t.axes.length);
    for (const { extent, stride, modulo } of t.axes) {
      node = this.#next(node, extent);
      node = this.#next(node, stride);
      node = this.#next(node, modulo);
    }
    for (const { count, axis, step } of t.dims) {
      node = this.#next(node, count);
      node = this.#next(node, axis);
      node = this.#next(node, step);
    }
    return node;
  }

  #next(node: number, part: string | number): number {
    const branch = this.#branches[node]!;
    let next = branch.get(part);
    if (next === undefined) {
      next = this.#branches.push(new Map()) - 1;
      branch.set(part, next);
    }
    return next;
  }
}
