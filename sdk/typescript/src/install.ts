// The parts that have to be in place before the user's module: the build's entry imports them first.
import { installEnvironment } from './environment.js';
import { installRandom } from './random.js';
import { installWeb } from './web/install.js';

installEnvironment();
installRandom();
installWeb();
