//! The counts of the whole UTKFace, as its file names give them.

/// Faces by group of ages (bébé, enfant, jeune, adulte, âgé), gender (0, 1) and origin (0 to 4).
pub(super) const COUNTS: [[[u32; 5]; 2]; 5] = [
    [[289, 33, 446, 190, 120], [314, 53, 352, 192, 178]],
    [[482, 62, 70, 63, 48], [512, 70, 118, 115, 121]],
    [[1277, 996, 437, 704, 320], [1440, 1127, 1083, 972, 477]],
    [[2591, 1005, 443, 1170, 264], [1550, 872, 229, 378, 148]],
    [[838, 222, 179, 134, 8], [785, 88, 77, 58, 8]],
];
