#include "tests/unit/intake/env.h"
int main(void){return 0;}
