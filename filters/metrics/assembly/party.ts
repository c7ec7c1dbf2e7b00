import { Dimension } from "./core/dimension";

/** The labels of one of the two ends of a request. */
export class Party {
  constructor(
    readonly workload: Dimension,
    readonly app: Dimension,
    readonly version: Dimension,
    readonly canonicalService: Dimension,
    readonly canonicalRevision: Dimension,
    readonly cluster: Dimension,
  ) {}

  /** A bit for each. */
  get all(): u32 {
    return (
      (1 << this.workload) |
      (1 << this.app) |
      (1 << this.version) |
      (1 << this.canonicalService) |
      (1 << this.canonicalRevision) |
      (1 << this.cluster)
    );
  }
}

export const SOURCE_PARTY: Party = new Party(
  Dimension.SourceWorkload,
  Dimension.SourceApp,
  Dimension.SourceVersion,
  Dimension.SourceCanonicalService,
  Dimension.SourceCanonicalRevision,
  Dimension.SourceCluster,
);
export const DESTINATION_PARTY: Party = new Party(
  Dimension.DestinationWorkload,
  Dimension.DestinationApp,
  Dimension.DestinationVersion,
  Dimension.DestinationCanonicalService,
  Dimension.DestinationCanonicalRevision,
  Dimension.DestinationCluster,
);
