/**
 * A validator of JSON Schema 2020-12, written from the specification and only as far as our published schemas go; a keyword that it does not
 * know is an error, so that nothing passes unchecked. Shares nothing with the library that made the schema.
 */
type Schema = Readonly<Record<string, unknown>>;

/** Every violation, with its path. */
export function violations(schema: Schema, value: unknown, path = '$'): string[] {
  return Object.keys(schema).flatMap((keyword) => {
    const rule = RULES[keyword];
    if (rule === undefined) throw new Error(`${path}: this validator does not know the keyword '${keyword}'`);
    return rule(schema, value, path);
  });
}

type Rule = (schema: Schema, value: unknown, path: string) => string[];
const fine: Rule = () => [];
const isObject = (v: unknown): v is Record<string, unknown> => typeof v === 'object' && v !== null && !Array.isArray(v);
const when = (bad: boolean, message: string) => (bad ? [message] : []);

const RULES: Readonly<Record<string, Rule>> = {
  $schema: fine,
  description: fine,
  type: (s, v, p) => when(!isOfType(v, String(s.type)), `${p} is no ${String(s.type)}`),
  const: (s, v, p) => when(v !== s.const, `${p} is not ${String(s.const)}`),
  enum: (s, v, p) => when(!(s.enum as unknown[]).includes(v), `${p} is none of ${String(s.enum)}`),
  minimum: (s, v, p) => when(typeof v === 'number' && v < Number(s.minimum), `${p} is below ${String(s.minimum)}`),
  maximum: (s, v, p) => when(typeof v === 'number' && v > Number(s.maximum), `${p} is above ${String(s.maximum)}`),
  required: (s, v, p) =>
    isObject(v) ? (s.required as string[]).filter((k) => !Object.hasOwn(v, k)).map((k) => `${p}.${k} is missing`) : [],
  properties: (s, v, p) =>
    isObject(v)
      ? Object.entries(s.properties as Record<string, Schema>).flatMap(([k, own]) =>
          Object.hasOwn(v, k) ? violations(own, v[k], `${p}.${k}`) : [],
        )
      : [],
  additionalProperties: (s, v, p) => {
    if (!isObject(v)) return [];
    const named = (s.properties ?? {}) as Record<string, Schema>;
    const others = Object.keys(v).filter((k) => !Object.hasOwn(named, k));
    const rule = s.additionalProperties;
    if (rule === false) return others.map((k) => `${p}.${k} is not expected`);
    return others.flatMap((k) => violations(rule as Schema, v[k], `${p}.${k}`));
  },
  propertyNames: (s, v, p) =>
    isObject(v) ? Object.keys(v).flatMap((k) => violations(s.propertyNames as Schema, k, `${p} key ${k}`)) : [],
  items: (s, v, p) =>
    Array.isArray(v) ? v.flatMap((item, i) => violations(s.items as Schema, item, `${p}[${i}]`)) : [],
};

function isOfType(value: unknown, type: string): boolean {
  switch (type) {
    case 'object':
      return isObject(value);
    case 'array':
      return Array.isArray(value);
    case 'integer':
      return Number.isInteger(value);
    case 'number':
      return typeof value === 'number' && Number.isFinite(value);
    default:
      return typeof value === type;
  }
}
