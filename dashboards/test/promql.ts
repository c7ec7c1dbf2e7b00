/** A metric that a query asks for: by its name, or `{__name__=~"..."}`. */
export interface Selector {
  name: string | RegExp;
  /** Labels that it is picked by. */
  labels: string[];
}

/** What a query of PromQL needs to be there. */
export interface Needs {
  selectors: Selector[];
  /** Labels by which it sums, joins or counts. */
  groupings: string[];
  /** Labels that it makes itself, by label_replace. */
  made: string[];
}

const TOKEN = /"(?:[^"\\]|\\.)*"|\[[^\]]*\]|[A-Za-z_:][\w:]*|=~|!~|!=|[^\s]/g;
const GROUPING = ["by", "without", "on", "ignoring", "group_left", "group_right"];
const WORDS = ["or", "and", "unless", "bool", "offset", "Inf", "NaN"];
const isName = (token: string | undefined) => token !== undefined && /^[A-Za-z_:]/.test(token);

/**
 * Reads a query as far as its names go; whether it is right, Prometheus says in test/integrations. A dashboard's variables are values of
 * matchers and ranges, where no name can be.
 */
export function needsOf(query: string): Needs {
  // Numbers have letters in them: 1e3.
  const tokens = (query.replace(/\b\d[\w.]*/g, "0").match(TOKEN) ?? []) as string[];
  // label_replace(vector, "plugin", "$1", ...)
  const made = [...query.matchAll(/"(\w+)", "\$\d"/g)].map(([, label = ""]) => label);
  const needs: Needs = { selectors: [], groupings: [], made };
  for (let i = 0; i < tokens.length; i++) {
    const [token = "", next] = [tokens[i], tokens[i + 1]];
    if (GROUPING.includes(token)) {
      if (next !== "(") continue;
      const end = tokens.indexOf(")", i);
      needs.groupings.push(...tokens.slice(i, end).filter((one, n) => n > 0 && isName(one)));
      i = end;
    } else if (token === "{" || (isName(token) && next !== "(" && !GROUPING.includes(next ?? "") && !WORDS.includes(token))) {
      const open = token === "{" ? i : next === "{" ? i + 1 : undefined;
      const end = open === undefined ? i : tokens.indexOf("}", open);
      const matchers = open === undefined ? [] : matchersOf(tokens.slice(open + 1, end));
      const pattern = matchers.find(({ label, operator }) => label === "__name__" && operator === "=~");
      const name = token !== "{" ? token : new RegExp(`^(?:${pattern?.value ?? ""})$`);
      needs.selectors.push({ name, labels: matchers.map(({ label }) => label).filter((label) => label !== "__name__") });
      i = end;
    }
  }
  return needs;
}

function matchersOf(tokens: readonly string[]): { label: string; operator: string; value: string }[] {
  return tokens.flatMap((label, i) => {
    const [operator = "", value = ""] = tokens.slice(i + 1);
    return isName(label) ? [{ label, operator, value: unquoted(value) }] : [];
  });
}

const unquoted = (text: string) => text.slice(1, -1).replace(/\\(.)/g, "$1");
