import { Bytes, HeaderName, JsonObject } from "proxy-wasm-assemblyscript-sdk";

const ANY = Bytes.of("*");
const DAY: i64 = 86_400_000_000_000;

/** Who may ask for what, with the headers' values ready to send; those that are null are not sent. */
export class CorsPolicy {
  /** Any origin: the answer is then the same for all, and caches need not tell them apart. */
  anyOrigin: bool = false;
  credentials: bool = false;
  methods: Bytes | null = null;
  headers: Bytes | null = null;
  exposeHeaders: Bytes | null = null;
  maxAge: Bytes | null = null;
  private origins: Bytes[] = [];

  read(config: JsonObject): void {
    this.credentials = config.boolean("credentials", false);
    this.readOrigins(config);
    this.methods = this.readTokens(config, "methods", "GET, HEAD, POST");
    this.headers = this.readTokens(config, "headers", "");
    this.exposeHeaders = this.readTokens(config, "exposeHeaders", "");
    if (config.has("maxAge")) this.maxAge = Bytes.of((config.duration("maxAge", 0, 0, DAY) / 1_000_000_000).toString());
  }

  /** What access-control-allow-origin says to this origin; null: nothing, it may not read the answer. */
  allow(origin: Bytes | null): Bytes | null {
    if (this.anyOrigin) return ANY;
    if (origin === null) return null;
    for (let i = 0; i < this.origins.length; i++) {
      // Ours, not the request's: it is sent when the request's memory is gone.
      if (this.origins[i].equals(origin)) return this.origins[i];
    }
    return null;
  }

  private readOrigins(config: JsonObject): void {
    const list = config.array("origins");
    if (list.length == 0) config.problem("origins", 'must hold at least one origin, or "*" for any');
    for (let i = 0; i < list.length; i++) {
      const origin = list.string(i);
      if (origin == "*") {
        this.anyOrigin = true;
        if (this.credentials) list.problem(i, 'must not be "*" with credentials: any page could act as the user');
      } else if (!isOrigin(origin)) {
        list.problem(i, 'must be an origin as browsers write it, "https://shop.example", or "*", got "' + origin + '"');
      }
      this.origins.push(Bytes.of(origin));
    }
    if (this.anyOrigin && list.length > 1) config.problem("origins", 'must not name others beside "*"');
  }

  private readTokens(config: JsonObject, key: string, otherwise: string): Bytes | null {
    const list = config.array(key);
    const tokens: string[] = [];
    for (let i = 0; i < list.length; i++) {
      const token = list.string(i);
      if (token == "*" && this.credentials) list.problem(i, 'must not be "*" with credentials: browsers then take it for a name');
      else if (token.startsWith(":") || !new HeaderName(token).valid) list.problem(i, 'must be a name, got "' + token + '"');
      tokens.push(token);
    }
    const text = config.has(key) ? tokens.join(", ") : otherwise;
    return text.length == 0 ? null : Bytes.of(text);
  }
}

/** `scheme://host[:port]` in lower case. A path, or a slash at the end, would never be equal to what a browser sends; `null` is every sandboxed page. */
function isOrigin(text: string): bool {
  const host = text.indexOf("://") + 3;
  return host > 3 && host < text.length && text.indexOf("/", host) < 0 && text.indexOf(" ") < 0 && text == text.toLowerCase();
}
