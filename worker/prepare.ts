import { CONVERTERS, SEALED_CONVERTERS } from '../temporal/codec/codec.ts';
import { bundleWorkflows } from './bundle.ts';

// The last step of a build that is read-only later, such as an image: bundles now what workers would bundle when they start.
for (const converters of [CONVERTERS, SEALED_CONVERTERS]) await bundleWorkflows(converters);
