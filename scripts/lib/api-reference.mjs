// @ts-check
/** docs/sdk-api.md: the SDK's public names, signatures and docstrings, in the order of sdk/index.ts. */
import { readFileSync } from "node:fs";
import path from "node:path";
import ts from "typescript";
import { root } from "./files.mjs";

/** @param {string} file */
function parse(file) {
  // AssemblyScript is TypeScript enough for the parser; its decorators on functions are errors that do not stop it.
  return ts.createSourceFile(file, readFileSync(path.join(root, file), "utf8"), ts.ScriptTarget.Latest, true);
}

export async function apiReference() {
  const sections = [
    "# proxy-wasm-assemblyscript-sdk: reference",
    "",
    "Generated from the docstrings in `sdk/assembly/`. Start with [sdk/README.md](../sdk/README.md).",
    "",
  ];
  for (const statement of parse("sdk/index.ts").statements) {
    if (!ts.isExportDeclaration(statement) || !statement.exportClause || !ts.isNamedExports(statement.exportClause)) continue;
    const from = /** @type {ts.StringLiteral} */ (statement.moduleSpecifier).text;
    const source = parse(path.posix.join("sdk", `${from}.ts`));
    for (const { name } of statement.exportClause.elements) {
      const declaration = source.statements.find((s) => declares(s, name.getText()));
      if (declaration) sections.push(...describe(declaration, name.getText(), source), "");
    }
  }
  return `${sections.join("\n").trimEnd()}\n`;
}

/** @param {ts.Statement} statement @param {string} name */
function declares(statement, name) {
  if (ts.isVariableStatement(statement)) return statement.declarationList.declarations.some((d) => d.name.getText() === name);
  return "name" in statement && /** @type {ts.ClassDeclaration} */ (statement).name?.getText() === name;
}

/** @param {ts.Node} node */
function docs(node) {
  const comments = /** @type {{ jsDoc?: ts.JSDoc[] }} */ (/** @type {unknown} */ (node)).jsDoc ?? [];
  const text = comments.at(-1)?.getText() ?? "";
  const lines = text
    .replace(/^\/\*\*|\*\/$/g, "")
    .split("\n")
    .map((line) => line.replace(/^\s*\* ?/, "").trimEnd());
  return lines
    .join("\n")
    .trim()
    .replace(/^@param (\w+) /gm, "- `$1`: ")
    .replace(/^@returns /gm, "- returns ");
}

/** @param {ts.Statement} declaration @param {string} name @param {ts.SourceFile} source @returns {string[]} */
function describe(declaration, name, source) {
  const heading = [`## ${name}`, "", docs(declaration)];
  if (ts.isEnumDeclaration(declaration)) {
    return [...heading, "", ...declaration.members.map((m) => item(`${m.name.getText()} = ${m.initializer?.getText() ?? ""}`, docs(m)))];
  }
  if (ts.isModuleDeclaration(declaration) && declaration.body && ts.isModuleBlock(declaration.body)) {
    const functions = declaration.body.statements.filter((s) => ts.isFunctionDeclaration(s)).filter((f) => f.modifiers?.length);
    return [...heading, "", ...functions.map((f) => item(`${name}.${signature(f, source)}`, docs(f)))];
  }
  if (ts.isFunctionDeclaration(declaration)) return [`## ${name}`, "", `\`${signature(declaration, source)}\``, "", docs(declaration)];
  if (!ts.isClassDeclaration(declaration)) return heading;
  const base = declaration.heritageClauses?.map((clause) => clause.types.map((t) => t.getText()).join(", ")).join();
  const members = declaration.members.filter((m) => isPublic(m)).flatMap((m) => membersOf(m, source));
  return [`## ${name}${base ? ` extends ${base}` : ""}`, "", docs(declaration), "", ...members];
}

/** @param {ts.ClassElement} member @param {ts.SourceFile} source @returns {string[]} */
function membersOf(member, source) {
  if (!ts.isConstructorDeclaration(member)) return [item(signature(member, source), docs(member))];
  const fields = member.parameters.filter(
    (p) => p.modifiers?.some((m) => m.kind === ts.SyntaxKind.ReadonlyKeyword) && !/@internal/.test(docs(p)),
  );
  return fields.map((p) => item(p.getText().replace(/\s+/g, " "), docs(p)));
}

/** @param {ts.ClassElement} member */
function isPublic(member) {
  const hidden =
    ts.canHaveModifiers(member) &&
    ts.getModifiers(member)?.some((m) => [ts.SyntaxKind.PrivateKeyword, ts.SyntaxKind.ProtectedKeyword].includes(m.kind));
  return !hidden && !/@internal/.test(docs(member)) && !member.name?.getText().startsWith("_");
}

/** The declaration up to its body, on one line. @param {ts.Node} node @param {ts.SourceFile} source */
function signature(node, source) {
  const body = /** @type {{ body?: ts.Node }} */ (/** @type {unknown} */ (node)).body;
  const text = source.text.slice(node.getStart(), body ? body.getStart() : node.getEnd());
  return text
    .replace(/^\s*(\/\/.*\n\s*)*/, "")
    .replace(/^(export|public) (function )?/, "")
    .replace(/\s+/g, " ")
    .replace(/\( /g, "(")
    .replace(/, \)/g, ")")
    .replace(/;?\s*$/, "");
}

/** @param {string} code @param {string} text */
function item(code, text) {
  return `- \`${code}\`${text ? `\n${text.replace(/^(?=.)/gm, "  ")}` : ""}`;
}
