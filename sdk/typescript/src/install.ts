// What has to be in place before the user's module is: the build's entry imports it first.
import { installEnvironment } from './environment.js';
import { installRandom } from './random.js';
import { installWeb } from './web/install.js';

installEnvironment();
installRandom();
installWeb();
