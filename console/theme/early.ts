import { chosenTheme, showTheme } from './choice.ts';

showTheme(chosenTheme());
