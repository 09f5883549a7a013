//! The normal distribution.

/// The chance that a standard normal variable is at most `x`; errors stay below 1e-7.
pub(super) fn cdf(x: f64) -> f64 {
    let z = x.abs() / std::f64::consts::SQRT_2;
    let t = 1.0 / (1.0 + 0.5 * z);
    // W. Press et al., Numerical Recipes: Chebyshev fit of erfc.
    const FIT: [f64; 10] = [
        -1.265_512_23,
        1.000_023_68,
        0.374_091_96,
        0.096_784_18,
        -0.186_288_06,
        0.278_868_07,
        -1.135_203_98,
        1.488_515_87,
        -0.822_152_23,
        0.170_872_77,
    ];
    let power = FIT.iter().rev().fold(0.0, |sum, factor| sum * t + factor);
    let tail = 0.5 * t * (power - z * z).exp();
    if x > 0.0 {
        1.0 - tail
    } else {
        tail
    }
}

#[cfg(test)]
mod tests {
    use super::cdf;

    #[test]
    fn known_values() {
        let known =
            [(0.0, 0.5), (1.0, 0.841_344_746), (-1.96, 0.024_997_895), (3.0, 0.998_650_102)];
        for (x, chance) in known {
            assert!((cdf(x) - chance).abs() < 1e-7, "{x}: {}", cdf(x));
        }
        assert_eq!((cdf(f64::INFINITY), cdf(-100.0)), (1.0, 0.0));
    }
}
