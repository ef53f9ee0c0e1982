import { pino } from 'pino';
import { installTemporalRuntime } from '../../process/logger.ts';

// Failures that a test provokes are no news; what a test needs to know of them it reads from histories.
installTemporalRuntime(pino({ level: 'silent' }));
