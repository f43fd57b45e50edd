/** Names of nodes that say what they belong to: a layer's accumulators end in ".sum", its bands in their number. */

/** The layer of a node: accumulators belong to what is made of them. */
export function layerName(node: string): string {
  return node.replace(SUM, '');
}

/** Of a node or value, and so of its layer, in one band. */
export function bandName(name: string, index: number): string {
  const layer = layerName(name);
  return `${layer} band ${index + 1}${name.slice(layer.length)}`;
}

const SUM = /\.sum$/;
