WITH current AS (
  SELECT
    *
  FROM records
), derived AS (
  SELECT
    *,
    (
      syn IN ('Store vanskeligheder', 'Kan slet ikke')
      OR hoerelse IN ('Store vanskeligheder', 'Kan slet ikke')
      OR gang IN ('Store vanskeligheder', 'Kan slet ikke')
      OR hukommelse IN ('Store vanskeligheder', 'Kan slet ikke')
      OR egenomsorg IN ('Store vanskeligheder', 'Kan slet ikke')
      OR kommunikation IN ('Store vanskeligheder', 'Kan slet ikke')
    ) AS "svaert_ved_noget",
    (
      CASE WHEN svaert_ved_noget THEN 'PD' WHEN NOT svaert_ved_noget THEN 'PWD' END
    ) AS "handicap",
    (
      CASE
        WHEN alder < 25
        THEN 'Y16T24'
        WHEN alder < 35
        THEN 'Y25T34'
        WHEN alder < 45
        THEN 'Y35T44'
        WHEN alder < 55
        THEN 'Y45T54'
        ELSE 'Y55T64'
      END
    ) AS "aldersgruppe",
    (
      CASE ucla_samvaer
        WHEN 'Sjældent'
        THEN 1
        WHEN 'En gang imellem'
        THEN 2
        WHEN 'Ofte'
        THEN 3
      END + CASE ucla_udenfor
        WHEN 'Sjældent'
        THEN 1
        WHEN 'En gang imellem'
        THEN 2
        WHEN 'Ofte'
        THEN 3
      END + CASE ucla_isoleret
        WHEN 'Sjældent'
        THEN 1
        WHEN 'En gang imellem'
        THEN 2
        WHEN 'Ofte'
        THEN 3
      END
    ) AS "ucla_score"
  FROM current
), coded AS (
  SELECT
    "aar" AS "TIME_PERIOD",
    "handicap" AS "DISABILITY_STATUS",
    CASE CAST("koen" AS TEXT) WHEN 'Kvinde' THEN 'F' WHEN 'Mand' THEN 'M' END AS "SEX",
    "aldersgruppe" AS "AGE",
    CASE CAST("region" AS TEXT)
      WHEN 'Region Nordjylland'
      THEN 'DK-81'
      WHEN 'Region Midtjylland'
      THEN 'DK-82'
      WHEN 'Region Syddanmark'
      THEN 'DK-83'
      WHEN 'Region Hovedstaden'
      THEN 'DK-84'
      WHEN 'Region Sjælland'
      THEN 'DK-85'
    END AS "REF_AREA",
    _delivery,
    CAST((
      diskrimineret
    ) AS INT) AS _y0,
    "vaegt" * (
      CAST((
        diskrimineret
      ) AS INT)
    ) AS _num0,
    CASE WHEN NOT (
      CAST((
        diskrimineret
      ) AS INT)
    ) IS NULL THEN "vaegt" END AS _den0,
    CAST((
      vold
    ) AS INT) AS _y1,
    "vaegt" * (
      CAST((
        vold
      ) AS INT)
    ) AS _num1,
    CASE WHEN NOT (
      CAST((
        vold
      ) AS INT)
    ) IS NULL THEN "vaegt" END AS _den1,
    CAST((
      adgang_opgivet
    ) AS INT) AS _y2,
    "vaegt" * (
      CAST((
        adgang_opgivet
      ) AS INT)
    ) AS _num2,
    CASE WHEN NOT (
      CAST((
        adgang_opgivet
      ) AS INT)
    ) IS NULL THEN "vaegt" END AS _den2,
    CAST((
      bestemmer_selv IN ('Altid', 'For det meste')
    ) AS INT) AS _y3,
    "vaegt" * (
      CAST((
        bestemmer_selv IN ('Altid', 'For det meste')
      ) AS INT)
    ) AS _num3,
    CASE
      WHEN NOT (
        CAST((
          bestemmer_selv IN ('Altid', 'For det meste')
        ) AS INT)
      ) IS NULL
      THEN "vaegt"
    END AS _den3,
    CAST((
      fritidsliv
    ) AS INT) AS _y4,
    "vaegt" * (
      CAST((
        fritidsliv
      ) AS INT)
    ) AS _num4,
    CASE WHEN NOT (
      CAST((
        fritidsliv
      ) AS INT)
    ) IS NULL THEN "vaegt" END AS _den4,
    CAST((
      ucla_score >= 7
    ) AS INT) AS _y5,
    "vaegt" * (
      CAST((
        ucla_score >= 7
      ) AS INT)
    ) AS _num5,
    CASE WHEN NOT (
      CAST((
        ucla_score >= 7
      ) AS INT)
    ) IS NULL THEN "vaegt" END AS _den5,
    CAST((
      uddannelse
    ) AS INT) AS _y6,
    "vaegt" * (
      CAST((
        uddannelse
      ) AS INT)
    ) AS _num6,
    CASE WHEN NOT (
      CAST((
        uddannelse
      ) AS INT)
    ) IS NULL THEN "vaegt" END AS _den6,
    CAST((
      helbred IN ('Fremragende', 'Vældig godt', 'Godt')
    ) AS INT) AS _y7,
    "vaegt" * (
      CAST((
        helbred IN ('Fremragende', 'Vældig godt', 'Godt')
      ) AS INT)
    ) AS _num7,
    CASE
      WHEN NOT (
        CAST((
          helbred IN ('Fremragende', 'Vældig godt', 'Godt')
        ) AS INT)
      ) IS NULL
      THEN "vaegt"
    END AS _den7,
    CAST((
      gali <> 'Slet ikke begrænset'
    ) AS INT) AS _y8,
    "vaegt" * (
      CAST((
        gali <> 'Slet ikke begrænset'
      ) AS INT)
    ) AS _num8,
    CASE
      WHEN NOT (
        CAST((
          gali <> 'Slet ikke begrænset'
        ) AS INT)
      ) IS NULL
      THEN "vaegt"
    END AS _den8,
    CAST((
      livstilfredshed
    ) AS DOUBLE) AS _y9,
    "vaegt" * (
      CAST((
        livstilfredshed
      ) AS DOUBLE)
    ) AS _num9,
    CASE
      WHEN NOT (
        CAST((
          livstilfredshed
        ) AS DOUBLE)
      ) IS NULL
      THEN "vaegt"
    END AS _den9,
    CAST((
      beskaeftiget
    ) AS INT) AS _y10,
    "vaegt" * (
      CAST((
        beskaeftiget
      ) AS INT)
    ) AS _num10,
    CASE WHEN NOT (
      CAST((
        beskaeftiget
      ) AS INT)
    ) IS NULL THEN "vaegt" END AS _den10,
    CAST((
      uventet_udgift
    ) AS INT) AS _y11,
    "vaegt" * (
      CAST((
        uventet_udgift
      ) AS INT)
    ) AS _num11,
    CASE WHEN NOT (
      CAST((
        uventet_udgift
      ) AS INT)
    ) IS NULL THEN "vaegt" END AS _den11,
    CASE WHEN (
      alder >= 18
    ) THEN CAST((
      stemte
    ) AS INT) END AS _y12,
    "vaegt" * (
      CASE WHEN (
        alder >= 18
      ) THEN CAST((
        stemte
      ) AS INT) END
    ) AS _num12,
    CASE
      WHEN NOT (
        CASE WHEN (
          alder >= 18
        ) THEN CAST((
          stemte
        ) AS INT) END
      ) IS NULL
      THEN "vaegt"
    END AS _den12
  FROM derived
  WHERE
    NOT handicap IS NULL
), cells AS MATERIALIZED (
  SELECT
    "TIME_PERIOD",
    "DISABILITY_STATUS",
    "SEX",
    "AGE",
    "REF_AREA",
    _delivery,
    COUNT(_y0) AS _n0,
    COUNT(NULLIF(_y0, 0)) AS _k0,
    SUM(_num0) AS _num0,
    SUM(_den0) AS _den0,
    COUNT(_y1) AS _n1,
    COUNT(NULLIF(_y1, 0)) AS _k1,
    SUM(_num1) AS _num1,
    SUM(_den1) AS _den1,
    COUNT(_y2) AS _n2,
    COUNT(NULLIF(_y2, 0)) AS _k2,
    SUM(_num2) AS _num2,
    SUM(_den2) AS _den2,
    COUNT(_y3) AS _n3,
    COUNT(NULLIF(_y3, 0)) AS _k3,
    SUM(_num3) AS _num3,
    SUM(_den3) AS _den3,
    COUNT(_y4) AS _n4,
    COUNT(NULLIF(_y4, 0)) AS _k4,
    SUM(_num4) AS _num4,
    SUM(_den4) AS _den4,
    COUNT(_y5) AS _n5,
    COUNT(NULLIF(_y5, 0)) AS _k5,
    SUM(_num5) AS _num5,
    SUM(_den5) AS _den5,
    COUNT(_y6) AS _n6,
    COUNT(NULLIF(_y6, 0)) AS _k6,
    SUM(_num6) AS _num6,
    SUM(_den6) AS _den6,
    COUNT(_y7) AS _n7,
    COUNT(NULLIF(_y7, 0)) AS _k7,
    SUM(_num7) AS _num7,
    SUM(_den7) AS _den7,
    COUNT(_y8) AS _n8,
    COUNT(NULLIF(_y8, 0)) AS _k8,
    SUM(_num8) AS _num8,
    SUM(_den8) AS _den8,
    COUNT(_y9) AS _n9,
    COUNT(NULLIF(_y9, 0)) AS _k9,
    SUM(_num9) AS _num9,
    SUM(_den9) AS _den9,
    COUNT(_y10) AS _n10,
    COUNT(NULLIF(_y10, 0)) AS _k10,
    SUM(_num10) AS _num10,
    SUM(_den10) AS _den10,
    COUNT(_y11) AS _n11,
    COUNT(NULLIF(_y11, 0)) AS _k11,
    SUM(_num11) AS _num11,
    SUM(_den11) AS _den11,
    COUNT(_y12) AS _n12,
    COUNT(NULLIF(_y12, 0)) AS _k12,
    SUM(_num12) AS _num12,
    SUM(_den12) AS _den12
  FROM coded
  GROUP BY
    "TIME_PERIOD",
    "DISABILITY_STATUS",
    "SEX",
    "AGE",
    "REF_AREA",
    _delivery
), sums AS (
  SELECT
    "TIME_PERIOD",
    "DISABILITY_STATUS",
    "SEX",
    "AGE",
    "REF_AREA",
    GROUPING("DISABILITY_STATUS") = 1 AS "all_DISABILITY_STATUS",
    GROUPING("SEX") = 1 AS "all_SEX",
    GROUPING("AGE") = 1 AS "all_AGE",
    GROUPING("REF_AREA") = 1 AS "all_REF_AREA",
    CAST(COALESCE(SUM(_n0), 0) AS BIGINT) AS _n0,
    CAST(COALESCE(SUM(_k0), 0) AS BIGINT) AS _k0,
    SUM(_num0) AS _num0,
    SUM(_den0) AS _den0,
    CAST(COALESCE(SUM(_n1), 0) AS BIGINT) AS _n1,
    CAST(COALESCE(SUM(_k1), 0) AS BIGINT) AS _k1,
    SUM(_num1) AS _num1,
    SUM(_den1) AS _den1,
    CAST(COALESCE(SUM(_n2), 0) AS BIGINT) AS _n2,
    CAST(COALESCE(SUM(_k2), 0) AS BIGINT) AS _k2,
    SUM(_num2) AS _num2,
    SUM(_den2) AS _den2,
    CAST(COALESCE(SUM(_n3), 0) AS BIGINT) AS _n3,
    CAST(COALESCE(SUM(_k3), 0) AS BIGINT) AS _k3,
    SUM(_num3) AS _num3,
    SUM(_den3) AS _den3,
    CAST(COALESCE(SUM(_n4), 0) AS BIGINT) AS _n4,
    CAST(COALESCE(SUM(_k4), 0) AS BIGINT) AS _k4,
    SUM(_num4) AS _num4,
    SUM(_den4) AS _den4,
    CAST(COALESCE(SUM(_n5), 0) AS BIGINT) AS _n5,
    CAST(COALESCE(SUM(_k5), 0) AS BIGINT) AS _k5,
    SUM(_num5) AS _num5,
    SUM(_den5) AS _den5,
    CAST(COALESCE(SUM(_n6), 0) AS BIGINT) AS _n6,
    CAST(COALESCE(SUM(_k6), 0) AS BIGINT) AS _k6,
    SUM(_num6) AS _num6,
    SUM(_den6) AS _den6,
    CAST(COALESCE(SUM(_n7), 0) AS BIGINT) AS _n7,
    CAST(COALESCE(SUM(_k7), 0) AS BIGINT) AS _k7,
    SUM(_num7) AS _num7,
    SUM(_den7) AS _den7,
    CAST(COALESCE(SUM(_n8), 0) AS BIGINT) AS _n8,
    CAST(COALESCE(SUM(_k8), 0) AS BIGINT) AS _k8,
    SUM(_num8) AS _num8,
    SUM(_den8) AS _den8,
    CAST(COALESCE(SUM(_n9), 0) AS BIGINT) AS _n9,
    CAST(COALESCE(SUM(_k9), 0) AS BIGINT) AS _k9,
    SUM(_num9) AS _num9,
    SUM(_den9) AS _den9,
    CAST(COALESCE(SUM(_n10), 0) AS BIGINT) AS _n10,
    CAST(COALESCE(SUM(_k10), 0) AS BIGINT) AS _k10,
    SUM(_num10) AS _num10,
    SUM(_den10) AS _den10,
    CAST(COALESCE(SUM(_n11), 0) AS BIGINT) AS _n11,
    CAST(COALESCE(SUM(_k11), 0) AS BIGINT) AS _k11,
    SUM(_num11) AS _num11,
    SUM(_den11) AS _den11,
    CAST(COALESCE(SUM(_n12), 0) AS BIGINT) AS _n12,
    CAST(COALESCE(SUM(_k12), 0) AS BIGINT) AS _k12,
    SUM(_num12) AS _num12,
    SUM(_den12) AS _den12
  FROM cells
  GROUP BY
    GROUPING SETS (
      (
        "TIME_PERIOD"
      ),
      ("TIME_PERIOD", "DISABILITY_STATUS"),
      ("TIME_PERIOD", "SEX"),
      ("TIME_PERIOD", "AGE"),
      ("TIME_PERIOD", "REF_AREA"),
      ("TIME_PERIOD", "DISABILITY_STATUS", "SEX"),
      ("TIME_PERIOD", "DISABILITY_STATUS", "AGE"),
      ("TIME_PERIOD", "DISABILITY_STATUS", "REF_AREA"),
      ("TIME_PERIOD", "SEX", "AGE"),
      ("TIME_PERIOD", "SEX", "REF_AREA"),
      ("TIME_PERIOD", "AGE", "REF_AREA"),
      ("TIME_PERIOD", "DISABILITY_STATUS", "SEX", "AGE"),
      ("TIME_PERIOD", "DISABILITY_STATUS", "SEX", "REF_AREA"),
      ("TIME_PERIOD", "DISABILITY_STATUS", "AGE", "REF_AREA"),
      ("TIME_PERIOD", "SEX", "AGE", "REF_AREA"),
      ("TIME_PERIOD", "DISABILITY_STATUS", "SEX", "AGE", "REF_AREA")
    )
), behind AS (
  SELECT
    "TIME_PERIOD" AS period,
    LIST_SORT(ARRAY_AGG(DISTINCT _delivery)) AS deliveries
  FROM cells
  GROUP BY ALL
), figures AS (
  SELECT
    *,
    UNNEST(
      [
        {'key': 'DB01_DISCRIMINATION', 'kind': 'proportion', 'scale': CAST(100 AS DOUBLE), 'n': _n0, 'k': _k0, 'numerator': CAST(_num0 AS DOUBLE), 'denominator': CAST(_den0 AS DOUBLE), 'set_UNIT_MEASURE': CAST(NULL AS TEXT)},
        {'key': 'DB02_VIOLENCE', 'kind': 'proportion', 'scale': CAST(100 AS DOUBLE), 'n': _n1, 'k': _k1, 'numerator': CAST(_num1 AS DOUBLE), 'denominator': CAST(_den1 AS DOUBLE), 'set_UNIT_MEASURE': CAST(NULL AS TEXT)},
        {'key': 'DB03_ACCESS_BARRIER', 'kind': 'proportion', 'scale': CAST(100 AS DOUBLE), 'n': _n2, 'k': _k2, 'numerator': CAST(_num2 AS DOUBLE), 'denominator': CAST(_den2 AS DOUBLE), 'set_UNIT_MEASURE': CAST(NULL AS TEXT)},
        {'key': 'DB04_OWN_DECISIONS', 'kind': 'proportion', 'scale': CAST(100 AS DOUBLE), 'n': _n3, 'k': _k3, 'numerator': CAST(_num3 AS DOUBLE), 'denominator': CAST(_den3 AS DOUBLE), 'set_UNIT_MEASURE': CAST(NULL AS TEXT)},
        {'key': 'DB05_LEISURE', 'kind': 'proportion', 'scale': CAST(100 AS DOUBLE), 'n': _n4, 'k': _k4, 'numerator': CAST(_num4 AS DOUBLE), 'denominator': CAST(_den4 AS DOUBLE), 'set_UNIT_MEASURE': CAST(NULL AS TEXT)},
        {'key': 'DB05_LONELINESS', 'kind': 'proportion', 'scale': CAST(100 AS DOUBLE), 'n': _n5, 'k': _k5, 'numerator': CAST(_num5 AS DOUBLE), 'denominator': CAST(_den5 AS DOUBLE), 'set_UNIT_MEASURE': CAST(NULL AS TEXT)},
        {'key': 'DB06_EDUCATION', 'kind': 'proportion', 'scale': CAST(100 AS DOUBLE), 'n': _n6, 'k': _k6, 'numerator': CAST(_num6 AS DOUBLE), 'denominator': CAST(_den6 AS DOUBLE), 'set_UNIT_MEASURE': CAST(NULL AS TEXT)},
        {'key': 'DB07_GOOD_HEALTH', 'kind': 'proportion', 'scale': CAST(100 AS DOUBLE), 'n': _n7, 'k': _k7, 'numerator': CAST(_num7 AS DOUBLE), 'denominator': CAST(_den7 AS DOUBLE), 'set_UNIT_MEASURE': CAST(NULL AS TEXT)},
        {'key': 'DB07_ACTIVITY_LIMITATION', 'kind': 'proportion', 'scale': CAST(100 AS DOUBLE), 'n': _n8, 'k': _k8, 'numerator': CAST(_num8 AS DOUBLE), 'denominator': CAST(_den8 AS DOUBLE), 'set_UNIT_MEASURE': CAST(NULL AS TEXT)},
        {'key': 'DB07_LIFE_SATISFACTION', 'kind': 'mean', 'scale': CAST(1 AS DOUBLE), 'n': _n9, 'k': _k9, 'numerator': CAST(_num9 AS DOUBLE), 'denominator': CAST(_den9 AS DOUBLE), 'set_UNIT_MEASURE': 'SCORE'},
        {'key': 'DB08_EMPLOYMENT', 'kind': 'proportion', 'scale': CAST(100 AS DOUBLE), 'n': _n10, 'k': _k10, 'numerator': CAST(_num10 AS DOUBLE), 'denominator': CAST(_den10 AS DOUBLE), 'set_UNIT_MEASURE': CAST(NULL AS TEXT)},
        {'key': 'DB09_UNEXPECTED_EXPENSE', 'kind': 'proportion', 'scale': CAST(100 AS DOUBLE), 'n': _n11, 'k': _k11, 'numerator': CAST(_num11 AS DOUBLE), 'denominator': CAST(_den11 AS DOUBLE), 'set_UNIT_MEASURE': CAST(NULL AS TEXT)},
        {'key': 'DB10_VOTED', 'kind': 'proportion', 'scale': CAST(100 AS DOUBLE), 'n': _n12, 'k': _k12, 'numerator': CAST(_num12 AS DOUBLE), 'denominator': CAST(_den12 AS DOUBLE), 'set_UNIT_MEASURE': CAST(NULL AS TEXT)}
      ]
    ) AS figure
  FROM sums
), observations AS (
  SELECT
    CAST('A4' AS TEXT) AS "FREQ",
    CAST(CASE WHEN "all_REF_AREA" THEN 'DK' ELSE figures."REF_AREA" END AS TEXT) AS "REF_AREA",
    CAST(figure.key AS TEXT) AS "INDICATOR",
    CAST(CASE WHEN "all_DISABILITY_STATUS" THEN '_T' ELSE figures."DISABILITY_STATUS" END AS TEXT) AS "DISABILITY_STATUS",
    CAST(CASE WHEN "all_SEX" THEN '_T' ELSE figures."SEX" END AS TEXT) AS "SEX",
    CAST(CASE WHEN "all_AGE" THEN 'Y16T64' ELSE figures."AGE" END AS TEXT) AS "AGE",
    CAST(figures."TIME_PERIOD" AS TEXT) AS "TIME_PERIOD",
    CAST(ROUND(
      CASE figure.kind
        WHEN 'count'
        THEN CASE WHEN figure.denominator > 0 THEN figure.scale * figure.numerator END
        WHEN 'total'
        THEN figure.scale * figure.numerator
        ELSE figure.scale * figure.numerator / NULLIF(figure.denominator, 0)
      END,
      1
    ) AS DOUBLE) AS "OBS_VALUE",
    CAST(CASE WHEN figure.kind <> 'count' OR figure.denominator > 0 THEN 'A' ELSE 'L' END AS TEXT) AS "OBS_STATUS",
    CAST(NULL AS TEXT) AS "CONF_STATUS",
    CAST(COALESCE(figure."set_UNIT_MEASURE", 'PT') AS TEXT) AS "UNIT_MEASURE",
    CAST('0' AS TEXT) AS "UNIT_MULT",
    CAST('1' AS TEXT) AS "DECIMALS",
    CAST(NULL AS BIGINT) AS "SAMPLE_SIZE",
    CAST(NULL AS DOUBLE) AS "STD_ERROR",
    CAST(NULL AS DOUBLE) AS "LOWER_BOUND",
    CAST(NULL AS DOUBLE) AS "UPPER_BOUND",
    CAST('SHILD person file (synthetic sample data, no real answers)' AS TEXT) AS "SOURCE_DETAIL",
    CAST('Disability: Washington Group short set, any domain with at least a lot of difficulty.' AS TEXT) AS "COMMENT_OBS",
    CAST('Danish Institute for Human Rights' AS TEXT) AS "DATA_PROVIDER",
    CAST(figure.n AS BIGINT) AS "_n",
    CAST(figure.k AS BIGINT) AS "_k",
    CAST(10 AS BIGINT) AS "_minimum",
    CAST(figure.kind AS TEXT) AS "_kind",
    CAST('dihr/disability_barometer' AS TEXT) AS "_dataset",
    CAST(deliveries AS TEXT[]) AS "_deliveries",
    CAST(NULL AS DOUBLE) AS "_se",
    CAST(NULL AS BIGINT) AS "_df",
    CAST(NULL AS DOUBLE) AS "_neff",
    CAST(NULL AS DOUBLE) AS "_cv",
    CAST(NULL AS DOUBLE) AS "_lower",
    CAST(NULL AS DOUBLE) AS "_upper",
    CAST(NULL AS DOUBLE) AS "_x1",
    CAST(NULL AS DOUBLE) AS "_x2"
  FROM figures
  JOIN behind
    ON period IS NOT DISTINCT FROM figures."TIME_PERIOD"
  WHERE
    (
      "all_DISABILITY_STATUS" OR NOT figures."DISABILITY_STATUS" IS NULL
    )
    AND (
      "all_SEX" OR NOT figures."SEX" IS NULL
    )
    AND (
      "all_AGE" OR NOT figures."AGE" IS NULL
    )
    AND (
      "all_REF_AREA" OR NOT figures."REF_AREA" IS NULL
    )
    AND (
      figure.kind = 'count' OR figure.n > 0
    )
)
SELECT
  *
  REPLACE (COALESCE(OBS_STATUS, 'A') AS OBS_STATUS, COALESCE(CONF_STATUS, 'F') AS CONF_STATUS, COALESCE(SAMPLE_SIZE, CASE WHEN _kind <> 'count' THEN _n END) AS SAMPLE_SIZE)
FROM observations
ORDER BY
  "FREQ",
  "REF_AREA",
  "INDICATOR",
  "DISABILITY_STATUS",
  "SEX",
  "AGE",
  "TIME_PERIOD"
