// tg.data: samples that are read, made or decoded one after another.

import { CSVStream, type CSVOptions, type CSVSource } from './csv.js';
import { ImageStream, type ImageOptions, type ImageSource, type LabelledImage } from './images.js';
import { padSequences, timeseries } from './sequences.js';
import { TabgradError } from './errors.js';
import { Stream, type Sample, type Source } from './stream.js';
import { sizeOf, toTensor, type Tensor, type TensorLike } from './tensor.js';

export const data = {
  /** A stream of what an iterable or a generator function gives: samples `{ xs, ys }`, for batch(), or batches. The function gets the epoch. */
  generator<T>(source: Source<T>): Stream<T> {
    return Stream.from(source);
  },

  /** The samples of tensors [n, ...], one after another. */
  samples(x: TensorLike, y?: TensorLike): Stream<Sample> {
    const [xs, ys] = [toTensor(x, 'samples: x'), y === undefined ? undefined : toTensor(y, 'samples: y')];
    const n = xs.shape[0] ?? 0;
    if (ys && ys.shape[0] !== n) throw new TabgradError('shape_mismatch', `samples: x has ${n} samples, y has ${ys.shape[0] ?? 0}`);
    const row = ({ data, shape, scale }: Tensor, i: number): Tensor => {
      const size = sizeOf(shape.slice(1));
      return { data: data.slice(i * size, (i + 1) * size), shape: shape.slice(1), ...(scale === undefined ? {} : { scale }) };
    };
    return Stream.from(function* () {
      for (let i = 0; i < n; i++) yield ys ? { xs: row(xs, i), ys: row(ys, i) } : { xs: row(xs, i) };
    }, true);
  },

  /** The lines of a CSV file, read as they are wanted: `{ xs, ys }` of numbers, categories as their places in a vocabulary or one-hot. */
  csv(source: CSVSource, options?: CSVOptions): CSVStream {
    return new CSVStream(source, options);
  },

  /** Pictures, decoded as they are wanted, with class numbers: files that a person chose, a folder's in the folders of their classes, or URLs. */
  images(images: ArrayLike<ImageSource | LabelledImage>, options: ImageOptions): ImageStream {
    return new ImageStream(images, options);
  },

  timeseries,
  padSequences,
} as const;
