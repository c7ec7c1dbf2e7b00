import { Bytes, HeaderList, HeaderName, Headers } from "proxy-wasm-assemblyscript-sdk";
import { CalloutConfig } from "./config";

const GET = Bytes.of("GET");
const ORIGINAL_METHOD = new HeaderName("x-original-method");
const ORIGINAL_PATH = new HeaderName("x-original-path");
const ORIGINAL_HOST = new HeaderName("x-original-host");

/** The request to the service: what it is about, in headers. */
export function questionAbout(request: Headers, config: CalloutConfig): HeaderList {
  const question = new HeaderList();
  question.add(HeaderName.METHOD, GET).add(HeaderName.PATH, config.path).add(HeaderName.AUTHORITY, config.authority);
  copyAll(request, config.requestHeaders, question);
  copy(request, HeaderName.METHOD, question, ORIGINAL_METHOD);
  copy(request, HeaderName.PATH, question, ORIGINAL_PATH);
  copy(request, HeaderName.AUTHORITY, question, ORIGINAL_HOST);
  return question;
}

export function copyAll(from: Headers, names: HeaderName[], to: HeaderList): void {
  for (let i = 0; i < names.length; i++) copy(from, names[i], to, names[i]);
}

/** All values: who sends a header twice must not show one to the service and another to the upstream. */
function copy(from: Headers, name: HeaderName, to: HeaderList, as: HeaderName): void {
  for (let i = from.indexOf(name); i >= 0; i = from.indexOf(name, i + 1)) {
    const value = from.valueAt(i);
    if (value !== null) to.add(as, value);
  }
}
