// tg.data.images: pictures as a stream of samples, decoded one after another. Sizes and numbers are those of
// keras.utils.image_dataset_from_directory; the Go side is nn/data/images.

import { TabgradError } from './errors.js';
import { Stream, type Sample } from './stream.js';
import { describe } from './tensor.js';

/** A picture: a file, what a URL has, or either with its label. */
export type ImageSource = Blob | string | URL;
export type LabelledImage = { image: ImageSource; label: string | number };

/** Pixels as they are decoded: RGBA, row by row. */
export interface DecodedImage {
  data: Uint8ClampedArray | Uint8Array;
  width: number;
  height: number;
}

export interface ImageOptions {
  /** Height and width that all are brought to. */
  size: number | readonly [number, number];
  /** 1, 3 or 4 channels; default 'rgb'. */
  colorMode?: 'grayscale' | 'rgb' | 'rgba';
  interpolation?: 'bilinear' | 'nearest';
  /** One a picture, in their order. Default: the labels given with them, or of files that were chosen with their folder the folders' names. */
  labels?: readonly (string | number)[];
  /** Names of labels by their numbers; default: those that there are, sorted. */
  classNames?: readonly string[];
  /** What ys are: class numbers, one-hot, 0 or 1, or nothing; default 'int'. */
  labelMode?: 'int' | 'categorical' | 'binary' | null;
  /** What numbers from 0 to 255 are multiplied by; default 1, as in Keras. */
  scale?: number;
  /** Decodes a picture, where there is no browser that does. */
  decode?: (image: Blob) => DecodedImage | Promise<DecodedImage>;
  requestInit?: RequestInit;
}

/** Pictures with their classes. */
export class ImageStream extends Stream<Sample> {
  /** The names of the classes, by their numbers; none without labels. */
  readonly classNames: readonly string[];

  /** Made by `tg.data.images`. */
  constructor(images: ArrayLike<ImageSource | LabelledImage>, options: ImageOptions) {
    const { colorMode = 'rgb', interpolation = 'bilinear', labelMode = 'int', scale = 1, decode = decodeHere } = options;
    const size = typeof options.size === 'number' ? [options.size, options.size] : [...(options.size ?? [])];
    if (size.length !== 2 || !size.every((n) => Number.isInteger(n) && n >= 1)) throw new TabgradError('bad_config', `images: size is ${JSON.stringify(options.size)}, want a height and a width, whole numbers from 1`);
    for (const [name, value, allowed] of [
      ['colorMode', colorMode, ['grayscale', 'rgb', 'rgba']],
      ['interpolation', interpolation, ['bilinear', 'nearest']],
      ['labelMode', labelMode, ['int', 'categorical', 'binary', null]],
    ] as const) {
      if (!(allowed as readonly unknown[]).includes(value)) throw new TabgradError('bad_config', `images: ${name} is ${JSON.stringify(value)}, want ${allowed.join(' or ')}`);
    }
    const list = Array.from(images, (item) => (isLabelled(item) ? item : { image: item, label: undefined }));
    if (list.length === 0) throw new TabgradError('bad_data', 'images: there are none');
    list.forEach(({ image }, i) => {
      if (!(image instanceof Blob || image instanceof URL || typeof image === 'string')) throw new TabgradError('bad_data', `images: number ${i} is ${describe(image)}, want a File, a URL, or { image, label }`);
    });
    const { numbers, classNames } = labelMode === null ? { numbers: undefined, classNames: [] } : classes(list, options);
    if (labelMode === 'binary' && classNames.length !== 2) throw new TabgradError('bad_data', `images: there are ${classNames.length} classes, want 2 for binary labels`);
    const [height, width] = size as [number, number];
    const channels = { grayscale: 1, rgb: 3, rgba: 4 }[colorMode];
    const load = async (i: number): Promise<Sample> => {
      const { image } = list[i]!;
      const pixels = await decode(image instanceof Blob ? image : await fetchImage(String(image), options.requestInit));
      if (pixels.data.length !== pixels.width * pixels.height * 4) {
        throw new TabgradError('bad_data', `images: decode gave ${pixels.data.length} bytes for ${pixels.width}x${pixels.height} pixels of RGBA`);
      }
      const xs = { data: resized(pixels, height, width, channels, interpolation === 'nearest', scale), shape: [height, width, channels] };
      if (!numbers) return { xs };
      const label = numbers[i]!;
      if (labelMode !== 'categorical') return { xs, ys: Float32Array.of(label) };
      const ys = new Float32Array(classNames.length);
      ys[label] = 1;
      return { xs, ys };
    };
    // The pictures' numbers are what is read, so that with prefetch several are decoded at once.
    const numbered = Stream.from<number>(() => list.keys()).map(load);
    super((epoch) => {
      const iterator = numbered.epoch(epoch)[Symbol.asyncIterator]();
      return { next: () => iterator.next(), return: async () => void (await iterator.return?.()) };
    }, true);
    this.classNames = classNames;
  }
}

function isLabelled(item: ImageSource | LabelledImage): item is LabelledImage {
  return typeof item === 'object' && item !== null && 'image' in item;
}

/** Each picture's class number, and the classes' names. */
function classes(list: readonly { image: ImageSource; label: string | number | undefined }[], options: ImageOptions): { numbers: number[]; classNames: string[] } {
  const { labels } = options;
  if (labels && labels.length !== list.length) throw new TabgradError('shape_mismatch', `images: there are ${labels.length} labels for ${list.length} images`);
  const names = list.map(({ image, label }, i) => {
    const own = labels?.[i] ?? label ?? folderOf(image);
    if (own === undefined) throw new TabgradError('bad_data', `images: number ${i} has no label; give labels, { image, label }, or labelMode: null`);
    return own;
  });
  if (names.every((name) => typeof name === 'number')) {
    const numbers = names as number[];
    const classNames = options.classNames ?? Array.from({ length: Math.max(...numbers) + 1 }, (_, i) => String(i));
    numbers.forEach((n, i) => {
      if (!Number.isInteger(n) || n < 0 || n >= classNames.length) throw new TabgradError('bad_data', `images: the label of number ${i} is ${n}, want a whole number from 0 to ${classNames.length - 1}`);
    });
    return { numbers, classNames: [...classNames] };
  }
  const classNames = options.classNames ? [...options.classNames] : [...new Set(names.map(String))].sort();
  const numbers = names.map((name, i) => {
    const at = classNames.indexOf(String(name));
    if (at < 0) throw new TabgradError('bad_data', `images: the label of number ${i} is ${JSON.stringify(name)}, want one of ${classNames.join(', ')}`);
    return at;
  });
  return { numbers, classNames };
}

/** The folder below the one that was chosen, which is the class. */
function folderOf(image: ImageSource): string | undefined {
  const path = image instanceof Blob ? (image as Partial<File>).webkitRelativePath : undefined;
  const parts = path ? path.split('/') : [];
  return parts.length > 2 ? parts[1] : undefined;
}

async function fetchImage(url: string, init?: RequestInit): Promise<Blob> {
  let response: Response;
  try {
    response = await fetch(url, init);
  } catch (error) {
    throw new TabgradError('not_found', `${url} could not be fetched (${error instanceof Error ? error.message : String(error)})`, { cause: error });
  }
  if (!response.ok) throw new TabgradError('not_found', `${url} answered ${response.status}`);
  return response.blob();
}

/** The browser's decoder. */
async function decodeHere(image: Blob): Promise<DecodedImage> {
  if (typeof createImageBitmap === 'undefined' || typeof OffscreenCanvas === 'undefined') {
    throw new TabgradError('unsupported', 'images: there is no createImageBitmap and OffscreenCanvas here (Node has none); give decode, a function that gives { data, width, height } of RGBA');
  }
  let bitmap: ImageBitmap;
  try {
    bitmap = await createImageBitmap(image, { premultiplyAlpha: 'none', colorSpaceConversion: 'none' });
  } catch (error) {
    const name = 'name' in image ? String(image.name) : 'a picture';
    throw new TabgradError('bad_data', `images: ${name} could not be decoded (${error instanceof Error ? error.message : String(error)})`, { cause: error });
  }
  const { width, height } = bitmap;
  const context = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true })!;
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  return { data: context.getImageData(0, 0, width, height).data, width, height };
}

interface Between {
  low: number;
  high: number;
  share: number;
}

/** Where the pixels of a new row or column lie among the old one's: centres are at halves, as in tf.image.resize. */
function places(to: number, from: number, nearest: boolean): Between[] {
  const scale = Math.fround(from / to);
  return Array.from({ length: to }, (_, i) => {
    const at = Math.fround(Math.fround(i + 0.5) * scale);
    if (nearest) {
      const k = Math.min(Math.floor(at), from - 1);
      return { low: k, high: k, share: 0 };
    }
    const centre = Math.fround(at - 0.5);
    const floor = Math.floor(centre);
    return { low: Math.max(floor, 0), high: Math.min(Math.max(floor + 1, 0), from - 1), share: Math.fround(centre - floor) };
  });
}

function resized(pixels: DecodedImage, height: number, width: number, channels: number, nearest: boolean, scale: number): Float32Array {
  const { data } = pixels;
  const out = new Float32Array(height * width * channels);
  const value = (at: number, k: number): number => {
    if (channels > 1) return data[at + k]!;
    const [r, g, b] = [data[at]!, data[at + 1]!, data[at + 2]!];
    // libpng's brightness, which TensorFlow decodes with.
    return r === g && g === b ? r : (r * 9798 + g * 19235 + b * 3735) >> 15;
  };
  const columns = places(width, pixels.width, nearest);
  let at = 0;
  for (const row of places(height, pixels.height, nearest)) {
    const [top, bottom] = [row.low * pixels.width * 4, row.high * pixels.width * 4];
    for (const { low, high, share } of columns) {
      for (let k = 0; k < channels; k++) {
        const mix = (base: number) => {
          const left = value(base + low * 4, k);
          return Math.fround(left + Math.fround((value(base + high * 4, k) - left) * share));
        };
        const upper = mix(top);
        const v = Math.fround(upper + Math.fround((mix(bottom) - upper) * row.share));
        out[at++] = scale === 1 ? v : v * scale;
      }
    }
  }
  return out;
}
