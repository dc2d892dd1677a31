import type { Files } from './files.ts';

/** `<first sequence, 16 digits>.seg` */
const NAME = /^(\d{16})\.seg$/;

export interface SegmentFile {
  name: string;
  path: string;
  firstSeq: number;
}

export function segmentName(firstSeq: number): string {
  return `${String(firstSeq).padStart(16, '0')}.seg`;
}

/** The segments of a folder in order, and the names of what is none. */
export async function listSegments(dir: string, files: Files): Promise<{ segments: SegmentFile[]; others: string[] }> {
  const segments: SegmentFile[] = [];
  const others: string[] = [];
  for (const name of (await files.readdir(dir)).sort()) {
    const firstSeq = Number(NAME.exec(name)?.[1] ?? Number.NaN);
    if (Number.isSafeInteger(firstSeq)) segments.push({ name, path: `${dir}/${name}`, firstSeq });
    else others.push(name);
  }
  return { segments, others };
}
