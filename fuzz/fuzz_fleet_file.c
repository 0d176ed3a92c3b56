/* What is taken holds only text, each key once; what is refused is refused with a
 * sentence that names the file. */
#include "fuzz.h"

#include <string.h>

#include "fleet_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const keys[] = { "shards", "workers", "state_dir", NULL };
    struct fleet_file file;
    cordage_error error = { 0 };
    int err = fleet_file_parse((struct str){ (const char *)data, size }, "cordage.yaml",
                               keys, &file, &error);

    FUZZ_CHECK(err == 0 || strncmp(error.message, "cordage.yaml", 12) == 0);
    for (size_t i = 0; i < FLEET_FILE_KEYS; i++) {
        FUZZ_CHECK(!file.text[i] || (!err && i < 3 && strlen(file.text[i]) <= size));
        FUZZ_CHECK(!file.line[i] || file.text[i]);
    }
    fleet_file_release(&file);
    return 0;
}
