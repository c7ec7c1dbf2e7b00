import { Status } from "../abi/enums";
import { Bytes } from "../bytes";
import { HeaderList } from "../headers/list";
import { Misuse, refuse } from "../refuse";

/** What a call sends beside its message: checked, since Envoy lets it replace `:path`, and breaks the call for another `te`. */
export function checkMetadata(metadata: HeaderList | null): Status {
  if (metadata === null || metadata.status != Status.Ok) return metadata === null ? Status.Ok : metadata.status;
  const forbidden = metadata.pseudo !== null ? metadata.pseudo : metadata.framing;
  if (forbidden !== null) return refuse(Misuse.ProtectedHeader, "gRPC metadata " + forbidden.toString() + ": gRPC sets it");
  return Status.Ok;
}

/** Method names go into `:path`. */
export function isMethodName(name: Bytes): bool {
  for (let i = 0; i < name.length; i++) {
    const c = name.at(i);
    const letter = <u32>((c | 0x20) - 0x61) < 26;
    if (!letter && !(<u32>(c - 0x30) < 10) && c != 0x2e && c != 0x5f && c != 0x2d) return false;
  }
  return name.length > 0;
}
