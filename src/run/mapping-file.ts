/**
 * A mapping as a document, `mapping/1`: every decision of a run, and the form in which decisions are pinned. Written whole; read in any part: what a file leaves
 * out is chosen by the compiler. Estimates are there to be read, and are ignored when a file comes back.
 */
import { z } from 'zod';
import type { Decisions } from '../../compiler/mapping/decisions.ts';
import { ISA_VERSION } from '../../isa/instructions/table.ts';
import { machineHash } from '../../isa/machine/parse.ts';
import type { Machine } from '../../isa/machine/schema.ts';
import { VERSION } from '../version.ts';
import type { Model } from './model.ts';

const count = z.int().min(1);
const natural = z.int().min(0);
const origin = z.strictObject({ name: z.string(), hash: z.string() });

const arraysSchema = z
  .strictObject({
    gridK: count.optional().describe('macros that share the rows of one weight tile'),
    gridN: count.optional().describe('macros that share its outputs'),
    replicas: count.optional().describe('copies of the weights, which take positions in turn'),
    tileK: count.optional().describe('rows of one weight tile'),
    tileN: count.optional().describe('outputs of one weight tile'),
    outputs: count.optional().describe('outputs that are summed in the accumulators and drained together'),
    positions: count.optional().describe('output positions of the same'),
  })
  .describe('how a matrix product lies on the arrays');

const estimateSchema = z
  .strictObject({
    tiles: natural.describe('tiles of a core'),
    tileCycles: natural.describe('of moving and computing them, before overlap'),
    productCycles: natural.optional().describe('of arrays, weight writes and drain, after overlap'),
  })
  .describe('what the compiler expected; ignored when read');

const layerSchema = z.strictObject({
  layer: z.string().describe('as the report calls it'),
  joins: z.array(z.string()).optional().describe('all layers that run as part of this one, tile by tile'),
  cores: z.string().optional().describe('dim of the result that is cut over the cores, or none'),
  tile: z.record(z.string(), count).optional().describe("elements of a tile by dim of the result (of a core's share)"),
  order: z.array(z.string()).optional().describe('dims in which tiles step, outermost first'),
  result: z.enum(['scratchpad', 'buffer', 'dram']).optional().describe('where the result lies'),
  beside: z.boolean().optional().describe('made side by side with the layer in front of it, rows behind rows'),
  arrays: arraysSchema.optional(),
  weights: z.enum(['buffer', 'dram']).optional().describe('way of weights that stay nowhere'),
  estimate: estimateSchema.optional(),
});

const bandsSchema = z.strictObject({
  first: z.string().describe('first node of a group of neighbours, as the network has them'),
  last: z.string().describe('last node of it'),
  along: z.string().describe('dim of the results that is cut into bands'),
  bands: count.describe('how many'),
});

export const mappingSchema = z.strictObject({
  schema: z.literal('mapping/1'),
  tool: z.string().optional(),
  isa: z.string().optional(),
  model: origin.optional(),
  machine: origin.optional(),
  network: z
    .strictObject({
      cores: count.optional().describe('cores that layers are cut over'),
      weights: z
        .enum(['arrays', 'buffer', 'nowhere'])
        .optional()
        .describe('where all weights stay from one inference to the next; nowhere: streamed'),
      parametersAhead: z.boolean().optional().describe('parameters come in while the layer before runs'),
      copies: z.boolean().optional().describe('rearranged values are copied, so that any layer can be cut anywhere'),
    })
    .optional(),
  bands: z
    .array(bandsSchema)
    .optional()
    .describe('nodes that are computed together, band by band; left out: chosen, or none where layers are named'),
  parameters: z
    .record(z.string(), z.enum(['scratchpad', 'dram']))
    .optional()
    .describe('records, tables and constant operands: kept in the scratchpad, or loaded each time'),
  layers: z.array(layerSchema).optional(),
});

export type MappingFile = z.infer<typeof mappingSchema>;

/** @param decisions of the compile report */
export function mappingDocument(model: Model, machine: Machine, decisions: Decisions): MappingFile {
  return mappingSchema.parse({
    schema: 'mapping/1',
    tool: VERSION,
    isa: ISA_VERSION,
    model: { name: model.name, hash: model.hash },
    machine: { name: machine.name, hash: machineHash(machine) },
    ...decisions,
  });
}

/** What a user should know of a file that was written for something else: one sentence for each. */
export function strangeOrigins(file: MappingFile, where: string, model: Model, machine: Machine): string[] {
  const here = {
    model: { name: model.name, hash: model.hash },
    machine: { name: machine.name, hash: machineHash(machine) },
  };
  return (['model', 'machine'] as const).flatMap((what) => {
    const from = file[what];
    if (from === undefined || from.hash === here[what].hash) return [];
    const name = from.name === here[what].name ? `another ${what} ${from.name}` : `the ${what} ${from.name}`;
    return [
      `${where} is the mapping of ${name} (hash ${from.hash}, here ${here[what].hash}): decisions that it names hold here too`,
    ];
  });
}

/** One decision a line, for people and for diffs. */
export function mappingText(file: MappingFile): string {
  return `${fold(file, '')}\n`;
}

const COLUMNS = 110;

function fold(value: unknown, indent: string): string {
  const flat = JSON.stringify(value, null, 1).replace(/\n */g, ' ');
  const deep = typeof value === 'object' && value !== null;
  const nested = deep && Object.values(value).some((v) => typeof v === 'object' && v !== null);
  if (!deep || (!nested && indent.length + flat.length <= COLUMNS)) return flat;
  const inner = `${indent}  `;
  const lines = Array.isArray(value)
    ? value.map((v) => `${inner}${fold(v, inner)}`)
    : Object.entries(value).map(([key, v]) => `${inner}${JSON.stringify(key)}: ${fold(v, inner)}`);
  const [open, close] = Array.isArray(value) ? '[]' : '{}';
  return `${open}\n${lines.join(',\n')}\n${indent}${close}`;
}
