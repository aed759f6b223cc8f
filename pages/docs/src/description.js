// How Swagger UI comes to know the description. By itself it reads it as YAML, then follows every reference of the whole
// document for each operation that is opened: 89 models keep it busy for minutes. Here it gets the paths at once, and of
// what they refer to only what an operation is seen to need.

/** A plugin for a description, and what of it Swagger UI is told to begin with. */
export function gradually(description) {
  const { schemas, ...components } = description.components;
  const { securitySchemes } = components;
  const known = { ...components, schemas: withoutRelations(schemas) };
  const plugin = () => ({
    statePlugins: {
      spec: {
        wrapActions: {
          parseToJson: (_original, { specActions }) => () => specActions.updateJsonSpec(spec),
          requestResolvedSubtree: (_original, { specActions }) => (path) =>
            specActions.updateResolvedSubtree(path, resolved(at(spec, path), known)),
        },
      },
    },
  });
  const spec = { ...description, components: { securitySchemes } };
  return { spec, plugin };
}

function at(value, path) {
  return path.reduce((found, step) => found?.[step], value);
}

/** A part of the description with what it refers to in the place of each reference; what holds itself ends there. */
function resolved(part, known, within = []) {
  if (Array.isArray(part)) return part.map((each) => resolved(each, known, within));
  if (part === null || typeof part !== "object") return part;
  if (typeof part.$ref === "string") {
    const [section, name] = part.$ref.split("/").slice(2);
    if (within.includes(part.$ref)) return { type: "object", description: `${name}, as above.` };
    const { $ref, ...more } = part;
    return { ...resolved(known[section][name], known, [...within, $ref]), ...more };
  }
  return Object.fromEntries(Object.entries(part).map(([name, each]) => [name, resolved(each, known, within)]));
}

/** The schemas with a plain object in the place of each related row: from one model relations lead to those of all. */
function withoutRelations(schemas) {
  const isOfRows = (name) => name.endsWith(".Page") || `${name}.Page` in schemas;
  const ended = (value) => {
    const target = related(value)?.split("/").at(-1);
    return target && isOfRows(target) ? shown(target, value) : value;
  };
  const rows = Object.entries(schemas).filter(([name]) => `${name}.Page` in schemas);
  return { ...schemas, ...Object.fromEntries(rows.map(([name, row]) => [name, eachMember(row, ended)])) };
}

function eachMember(schema, change) {
  const members = Object.entries(schema.properties).map(([name, value]) => [name, change(value)]);
  return { ...schema, properties: Object.fromEntries(members) };
}

function related({ $ref, anyOf }) {
  return $ref ?? anyOf?.find((each) => each.$ref)?.$ref;
}

function shown(target, { description }) {
  const what = target.endsWith(".Page") ? `A page of ${target.slice(0, -".Page".length)}.` : `A ${target}.`;
  return { type: "object", description: `${what} ${description}` };
}
