import { type ZodType, z } from 'zod';
import type { Path } from './yaml-document.ts';

type Json = z.core.JSONSchema.BaseSchema;

/** The keys that a schema allows at a path, for "known here". Unions are narrowed by what the value itself says. */
export function knownKeys(schema: ZodType, path: Path, data: unknown): string[] {
  let places: Json[] = narrow([z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' })], data);
  let here = data;
  for (const step of path) {
    here = childOf(here, step);
    places = narrow(
      places.flatMap((place) => below(place, step)),
      here,
    );
  }
  return [...new Set(places.flatMap((place) => Object.keys(place.properties ?? {})))];
}

function below(place: Json, step: string | number): Json[] {
  const next = typeof step === 'number' ? place.items : (place.properties?.[step] ?? place.additionalProperties);
  return [next].flat().filter(isSchema);
}

/** Branches of a union whose constant properties (`type: tcp`) are those of the value; all when none says. */
function narrow(places: readonly Json[], data: unknown): Json[] {
  return places.flatMap((place) => {
    const branches = [...(place.anyOf ?? []), ...(place.oneOf ?? [])].filter(isSchema);
    if (branches.length === 0) return [place];
    const fitting = branches.filter((branch) =>
      Object.entries(branch.properties ?? {}).every(
        ([key, value]) => !isSchema(value) || value.const === undefined || value.const === childOf(data, key),
      ),
    );
    return narrow(fitting.length > 0 ? fitting : branches, data);
  });
}

function isSchema(value: unknown): value is Json {
  return typeof value === 'object' && value !== null;
}

function childOf(data: unknown, step: string | number): unknown {
  if (typeof data !== 'object' || data === null) return undefined;
  return new Map<string, unknown>(Object.entries(data)).get(String(step));
}
