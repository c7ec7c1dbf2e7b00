import { Bytes, EMPTY, HeaderList, HeaderName, ProtoReader, Status } from "proxy-wasm-assemblyscript-sdk";

export enum Verdict {
  Allowed = 0,
  Denied = 1,
  Failed = 2,
  TimedOut = 3,
}

// One of them in a CheckResponse; with an error_response the service says that it cannot tell.
const DENIED: u32 = 2;
const OK: u32 = 3;
const ERROR: u32 = 5;

/** A header that the service wants the upstream, or the client, to get. */
export class HeaderOption {
  name: HeaderName = new HeaderName("");
  value: Bytes = EMPTY;
  /** Beside what is there; otherwise in its place. */
  append: bool = false;
}

/**
 * What an `envoy.service.auth.v3.CheckResponse` says, in Envoy's numbers. Borrowed: for the callback that brought it.
 * https://www.envoyproxy.io/docs/envoy/latest/api-v3/service/auth/v3/external_auth.proto
 */
export class Answer {
  verdict: Verdict = Verdict.Failed;
  /** Of a denial. */
  status: u32 = 403;
  body: Bytes = EMPTY;
  /** Of a denial, for the client. */
  clientHeaders: HeaderOption[] = [];
  /** For the upstream, when the request is allowed. */
  headers: HeaderOption[] = [];
  /** From the request, when it is allowed. */
  remove: HeaderName[] = [];
  private sound: bool = true;

  constructor(message: Bytes) {
    let code: u64 = 0;
    let said = false;
    let response: u32 = 0;
    const reader = new ProtoReader(message);
    while (reader.next()) {
      const bytes = reader.bytes;
      if (bytes === null) continue;
      if (reader.field == 1) {
        said = true;
        code = this.readCode(bytes, code);
      } else if (reader.field == DENIED) this.readDenied(bytes);
      else if (reader.field == OK) this.readOk(bytes);
      if (reader.field == DENIED || reader.field == OK || reader.field == ERROR) response = reader.field;
    }
    if (!reader.ok) this.sound = false;
    // A message that says nothing is no yes, nor is one that says yes and no.
    const yes = code == 0 && (response == OK || (response == 0 && said));
    if (this.sound && yes && this.canBeDone()) this.verdict = Verdict.Allowed;
    else if (this.sound && code != 0 && response != ERROR) this.verdict = Verdict.Denied;
  }

  /** google.rpc.Status, and envoy.type.v3.HttpStatus. */
  private readCode(message: Bytes, otherwise: u64): u64 {
    const reader = new ProtoReader(message);
    while (reader.next()) if (reader.field == 1 && reader.bytes === null) otherwise = reader.number;
    if (!reader.ok) this.sound = false;
    return otherwise;
  }

  private readDenied(message: Bytes): void {
    const reader = new ProtoReader(message);
    while (reader.next()) {
      const bytes = reader.bytes;
      if (bytes === null) continue;
      if (reader.field == 1) this.status = <u32>this.readCode(bytes, this.status);
      else if (reader.field == 2) this.clientHeaders.push(this.readHeader(bytes));
      else if (reader.field == 3) this.body = bytes;
    }
    if (!reader.ok) this.sound = false;
  }

  private readOk(message: Bytes): void {
    const reader = new ProtoReader(message);
    while (reader.next()) {
      const bytes = reader.bytes;
      if (bytes === null) continue;
      if (reader.field == 2) this.headers.push(this.readHeader(bytes));
      else if (reader.field == 5) this.remove.push(HeaderName.from(bytes));
    }
    if (!reader.ok) this.sound = false;
  }

  private readHeader(message: Bytes): HeaderOption {
    const option = new HeaderOption();
    const reader = new ProtoReader(message);
    while (reader.next()) {
      const bytes = reader.bytes;
      if (bytes === null) continue;
      if (reader.field == 1) this.readPair(bytes, option);
      else if (reader.field == 2) option.append = this.readCode(bytes, 0) != 0;
    }
    if (!reader.ok) this.sound = false;
    return option;
  }

  private readPair(message: Bytes, option: HeaderOption): void {
    const reader = new ProtoReader(message);
    while (reader.next()) {
      const bytes = reader.bytes;
      if (bytes === null) continue;
      if (reader.field == 1) option.name = HeaderName.from(bytes);
      else if (reader.field == 2) option.value = bytes;
    }
    if (!reader.ok) this.sound = false;
  }

  /** A request that lacks one of the headers, or keeps one that should go, is not the one that was allowed. */
  private canBeDone(): bool {
    for (let i = 0; i < this.remove.length; i++) if (this.remove[i].kind != 0) return false;
    for (let i = 0; i < this.headers.length; i++) if (this.headers[i].name.kind != 0) return false;
    return listOf(this.headers).status == Status.Ok;
  }
}

/** Not Ok when one of them cannot be sent. */
export function listOf(headers: HeaderOption[]): HeaderList {
  const list = new HeaderList();
  for (let i = 0; i < headers.length; i++) list.add(headers[i].name, headers[i].value);
  return list;
}
