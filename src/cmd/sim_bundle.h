/* sim_bundle.h - one file of all certificates that a bot needs to trust. */
#ifndef CMD_SIM_BUNDLE_H
#define CMD_SIM_BUNDLE_H

#include "sim_dir.h"

/* Most languages take a file of trusted certificates from SSL_CERT_FILE, in place of the
 * system's. So that a bot still reaches others than the simulator, this one has both: the
 * file that SSL_CERT_FILE names, else the system's, and behind them `ca_file`. It is
 * DIR/bundle.pem. CORDAGE_EIO with a sentence. */
int sim_bundle(const char *dir, const char *ca_file, char out[SIM_DIR_SIZE + 32],
               cordage_error *error);

#endif
