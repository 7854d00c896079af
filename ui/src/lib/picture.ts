// Pictures as the server takes them.

const TYPES = ["image/png", "image/jpeg", "image/webp"];
export const ACCEPTED = TYPES.join(",");
const MAX_BYTES = 2 * 1024 * 1024;

/** A picture of at most this size; one that is too large is made smaller here. */
export async function prepare(file: File, width: number, height: number): Promise<Blob> {
  if (!TYPES.includes(file.type)) throw new Error("A PNG, JPEG or WebP picture is needed.");
  let bitmap;
  try {
    bitmap = await createImageBitmap(file);
  } catch {
    throw new Error("This file is no picture that can be read.");
  }
  try {
    const scale = Math.min(1, Math.max(width / bitmap.width, height / bitmap.height));
    if (scale === 1 && file.size <= MAX_BYTES) return file;
    const canvas = document.createElement("canvas");
    canvas.width = Math.max(1, Math.round(bitmap.width * scale));
    canvas.height = Math.max(1, Math.round(bitmap.height * scale));
    canvas.getContext("2d")?.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
    const blob = await new Promise<Blob | null>((give) => canvas.toBlob(give, "image/jpeg", 0.88));
    if (!blob || blob.size > MAX_BYTES) throw new Error("The picture is too large: at most 2 MB.");
    return blob;
  } finally {
    bitmap.close();
  }
}
