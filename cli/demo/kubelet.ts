import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";

/** The part of a pod that decides which files its container sees. */
export interface PodFiles {
  readonly volumes: readonly Volume[];
  readonly mounts: readonly { readonly name: string; readonly mountPath: string }[];
}

/** A volume of a pod, in Kubernetes' own words, as far as the relay uses them. */
export interface Volume {
  readonly name: string;
  readonly configMap?: { readonly name: string };
  readonly secret?: { readonly secretName: string };
  readonly projected?: { readonly sources: readonly ProjectedSource[] };
}

interface ProjectedSource {
  readonly serviceAccountToken?: { readonly audience?: string; readonly path: string };
}

/** Where a kubelet finds what it mounts. */
export interface VolumeContents {
  /** Keys of a ConfigMap. @throws when there is none */
  readonly configMap: (name: string) => Readonly<Record<string, string>>;
  /** Keys of a Secret, decoded. @throws when there is none */
  readonly secret: (name: string) => Readonly<Record<string, string>>;
  readonly token: (audience: string) => Promise<string>;
}

/** Writes the files that a container would see, below `root` instead of `/`, readable for this user alone. */
export async function mountPodFiles(
  { volumes, mounts }: PodFiles,
  contents: VolumeContents,
  root: string,
): Promise<void> {
  for (const { name, mountPath } of mounts) {
    const volume = volumes.find((candidate) => candidate.name === name);
    if (volume === undefined) continue;
    const folder = path.join(root, mountPath);
    for (const [file, content] of Object.entries(await filesOf(volume, contents))) {
      const target = path.join(folder, file);
      await mkdir(path.dirname(target), { recursive: true, mode: 0o700 });
      await writeFile(target, content, { mode: 0o600 });
    }
  }
}

async function filesOf(volume: Volume, contents: VolumeContents): Promise<Readonly<Record<string, string>>> {
  if (volume.configMap !== undefined) return contents.configMap(volume.configMap.name);
  if (volume.secret !== undefined) return contents.secret(volume.secret.secretName);
  const tokens = (volume.projected?.sources ?? []).flatMap(({ serviceAccountToken }) => serviceAccountToken ?? []);
  const files = await Promise.all(
    tokens.map(async ({ audience = "", path: file }) => [file, await contents.token(audience)] as const),
  );
  return Object.fromEntries(files);
}
