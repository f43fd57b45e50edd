/** What a report is made of: a design point without its program and timeline, or several of them added up. */
import type { LayerSymbol } from '../../isa/program.ts';
import type { Boundary, SimResult } from '../../sim/result.ts';
import type { DesignPoint } from './simulate-model.ts';

export interface ReportedLayer extends LayerSymbol {
  /** MACs that are done: more than `macs` where rows between bands or tiles are computed by both. */
  readonly macsDone: number;
  /** The mapper's choice in words. */
  readonly mapping: string;
}

/** One section of a network, all of its runs together. */
export interface ReportedSection {
  readonly name: string;
  readonly repeat: number;
  readonly steps: number;
  /** Its layers, a range of the point's. */
  readonly firstLayer: number;
  readonly layers: number;
  readonly cycles: number;
  readonly dramBytes: number;
}

type Shared = 'machine' | 'state' | 'freeDramCycles' | 'freeCoreCycles' | 'bounds' | 'prices' | 'energy' | 'area';

type Counted = 'cycles' | 'latencyPs' | 'units' | 'causes' | 'layerCycles' | 'traffic' | 'actions' | 'layerActions';

export interface ReportedPoint extends Pick<DesignPoint, Shared> {
  readonly result: Pick<SimResult, Counted>;
  readonly cold: Pick<SimResult, 'cycles' | 'latencyPs'>;
  /** Stages that work on inferences of their own in the reported run; 1 where it is one inference. */
  readonly stages: number;
  readonly layers: readonly ReportedLayer[];
  /** Empty for a network of one graph. */
  readonly sections: readonly ReportedSection[];
}

export function reported(point: DesignPoint): ReportedPoint {
  const { machine, state, freeDramCycles, freeCoreCycles, bounds, prices, energy, area, program, compiled } = point;
  const { cycles, latencyPs, units, causes, layerCycles, traffic, actions, layerActions } = point.result;
  return {
    ...{ machine, state, freeDramCycles, freeCoreCycles, bounds, prices, energy, area },
    result: { cycles, latencyPs, units, causes, layerCycles, traffic, actions, layerActions },
    cold: { cycles: point.cold.cycles, latencyPs: point.cold.latencyPs },
    layers: program.symbols.layers.map((layer, l) => {
      const own = compiled.report.layers[l];
      const { mapping, sharing } = own ?? { mapping: null, sharing: '' };
      return {
        ...layer,
        macsDone: own?.macsDone ?? layer.macs,
        mapping: [mapping?.chosenBecause ?? '', sharing].filter((text) => text !== '').join('; '),
      };
    }),
    stages: state === 'steady' ? compiled.delayRuns + 1 : 1,
    sections: [],
  };
}

/** Read and written at a boundary, of one layer or of all. */
export function bytesAt({ result }: Pick<ReportedPoint, 'result'>, boundary: Boundary, layer?: number): number {
  return result.traffic
    .filter((t) => t.boundary === boundary && (layer === undefined || t.layer === layer))
    .reduce((n, t) => n + t.readBytes + t.writeBytes, 0);
}
