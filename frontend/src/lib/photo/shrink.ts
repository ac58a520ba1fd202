// The longer side, in dots, that the server keeps: more would be sent for nothing.
const side = 1280;

/** What the server takes; a browser that cannot make a photo smaller sends it as it is. */
export const most = 10 * 1024 * 1024;

/**
 * A photo as small as it will be shown, so that it gets through on a poor line. Where this browser cannot open it, it
 * comes back as it was, and the server says what is wrong with it.
 */
export async function shrunk(file: Blob): Promise<Blob> {
  try {
    const image = await createImageBitmap(file);
    const scale = Math.min(1, side / Math.max(image.width, image.height));
    const canvas = document.createElement('canvas');
    canvas.width = Math.max(1, Math.round(image.width * scale));
    canvas.height = Math.max(1, Math.round(image.height * scale));
    const paint = canvas.getContext('2d');
    if (!paint) return file;
    paint.imageSmoothingQuality = 'high';
    paint.fillStyle = 'white';
    paint.fillRect(0, 0, canvas.width, canvas.height);
    paint.drawImage(image, 0, 0, canvas.width, canvas.height);
    image.close();
    return await new Promise<Blob>((done) => canvas.toBlob((small) => done(small ?? file), 'image/jpeg', 0.85));
  } catch {
    return file;
  }
}
