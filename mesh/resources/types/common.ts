/** Parts that several kinds share, as JSON: durations are texts (`1.5s`), enums their names. */

export interface PortSelector {
  number?: number;
}

export interface Destination {
  host: string;
  subset?: string;
  port?: PortSelector;
}

export type StringMatch = { exact: string } | { prefix: string } | { regex: string } | Record<string, never>;

export interface WorkloadSelector {
  /** PeerAuthentication, DestinationRule and others. */
  matchLabels?: Record<string, string>;
}

/** Of ServiceEntry and Sidecar. */
export interface LabelSelector {
  labels?: Record<string, string>;
}

export interface Percent {
  value?: number;
}

/** What a policy is for, by its kind and name. */
export interface TargetReference {
  group?: string;
  kind: string;
  name: string;
  /** Only the policy's own. */
  namespace?: string;
}
