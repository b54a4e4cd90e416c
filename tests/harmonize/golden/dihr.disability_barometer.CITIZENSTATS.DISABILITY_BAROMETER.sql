WITH current AS NOT MATERIALIZED (
  SELECT
    *
  FROM (SELECT * FROM records)
), derived AS NOT MATERIALIZED (
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
), weights AS (
  SELECT
    *
  FROM (SELECT * FROM weights_of_cells)
), weighted AS NOT MATERIALIZED (
  SELECT
    derived.*,
    weights._cell,
    CAST("vaegt" AS DOUBLE) * weights._g AS _weight
  FROM derived
  JOIN weights
    ON weights._period IS NOT DISTINCT FROM CAST("aar" AS TEXT)
    AND weights."koen" = CAST(derived."koen" AS TEXT)
    AND weights."aldersgruppe" = CAST(derived."aldersgruppe" AS TEXT)
    AND weights."region" = CAST(derived."region" AS TEXT)
), coded AS NOT MATERIALIZED (
  SELECT
    "aar" AS "in_TIME_PERIOD",
    "handicap" AS "in_DISABILITY_STATUS",
    CASE CAST("koen" AS TEXT) WHEN 'Kvinde' THEN 'F' WHEN 'Mand' THEN 'M' END AS "in_SEX",
    "aldersgruppe" AS "in_AGE",
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
    END AS "in_REF_AREA",
    CAST("stratum" AS TEXT) AS _stratum,
    CAST("klynge" AS TEXT) AS _psu,
    _weight,
    _cell,
    _delivery,
    CAST((
      diskrimineret
    ) AS INT) AS _y0,
    _weight * (
      CAST((
        diskrimineret
      ) AS INT)
    ) AS _num0,
    CASE WHEN NOT (
      CAST((
        diskrimineret
      ) AS INT)
    ) IS NULL THEN _weight END AS _den0,
    CAST((
      vold
    ) AS INT) AS _y1,
    _weight * (
      CAST((
        vold
      ) AS INT)
    ) AS _num1,
    CASE WHEN NOT (
      CAST((
        vold
      ) AS INT)
    ) IS NULL THEN _weight END AS _den1,
    CAST((
      adgang_opgivet
    ) AS INT) AS _y2,
    _weight * (
      CAST((
        adgang_opgivet
      ) AS INT)
    ) AS _num2,
    CASE WHEN NOT (
      CAST((
        adgang_opgivet
      ) AS INT)
    ) IS NULL THEN _weight END AS _den2,
    CAST((
      bestemmer_selv IN ('Altid', 'For det meste')
    ) AS INT) AS _y3,
    _weight * (
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
      THEN _weight
    END AS _den3,
    CAST((
      fritidsliv
    ) AS INT) AS _y4,
    _weight * (
      CAST((
        fritidsliv
      ) AS INT)
    ) AS _num4,
    CASE WHEN NOT (
      CAST((
        fritidsliv
      ) AS INT)
    ) IS NULL THEN _weight END AS _den4,
    CAST((
      ucla_score >= 7
    ) AS INT) AS _y5,
    _weight * (
      CAST((
        ucla_score >= 7
      ) AS INT)
    ) AS _num5,
    CASE WHEN NOT (
      CAST((
        ucla_score >= 7
      ) AS INT)
    ) IS NULL THEN _weight END AS _den5,
    CAST((
      uddannelse
    ) AS INT) AS _y6,
    _weight * (
      CAST((
        uddannelse
      ) AS INT)
    ) AS _num6,
    CASE WHEN NOT (
      CAST((
        uddannelse
      ) AS INT)
    ) IS NULL THEN _weight END AS _den6,
    CAST((
      helbred IN ('Fremragende', 'Vældig godt', 'Godt')
    ) AS INT) AS _y7,
    _weight * (
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
      THEN _weight
    END AS _den7,
    CAST((
      gali <> 'Slet ikke begrænset'
    ) AS INT) AS _y8,
    _weight * (
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
      THEN _weight
    END AS _den8,
    CAST((
      livstilfredshed
    ) AS DOUBLE) AS _y9,
    _weight * (
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
      THEN _weight
    END AS _den9,
    CAST((
      livstilfredshed
    ) AS DOUBLE) AS _y10,
    _weight * (
      CAST((
        livstilfredshed
      ) AS DOUBLE)
    ) AS _num10,
    CASE
      WHEN NOT (
        CAST((
          livstilfredshed
        ) AS DOUBLE)
      ) IS NULL
      THEN _weight
    END AS _den10,
    CAST((
      beskaeftiget
    ) AS INT) AS _y11,
    _weight * (
      CAST((
        beskaeftiget
      ) AS INT)
    ) AS _num11,
    CASE WHEN NOT (
      CAST((
        beskaeftiget
      ) AS INT)
    ) IS NULL THEN _weight END AS _den11,
    CAST((
      uventet_udgift
    ) AS INT) AS _y13,
    _weight * (
      CAST((
        uventet_udgift
      ) AS INT)
    ) AS _num13,
    CASE WHEN NOT (
      CAST((
        uventet_udgift
      ) AS INT)
    ) IS NULL THEN _weight END AS _den13,
    CASE WHEN (
      alder >= 18
    ) THEN CAST((
      stemte
    ) AS INT) END AS _y14,
    _weight * (
      CASE WHEN (
        alder >= 18
      ) THEN CAST((
        stemte
      ) AS INT) END
    ) AS _num14,
    CASE
      WHEN NOT (
        CASE WHEN (
          alder >= 18
        ) THEN CAST((
          stemte
        ) AS INT) END
      ) IS NULL
      THEN _weight
    END AS _den14
  FROM weighted
  WHERE
    NOT handicap IS NULL
), spread10 AS MATERIALIZED (
  SELECT
    "in_TIME_PERIOD",
    "in_DISABILITY_STATUS",
    "in_SEX",
    "in_AGE",
    "in_REF_AREA",
    _stratum,
    _psu,
    _cell,
    _y10 AS y,
    SUM(_den10) AS w,
    COUNT(*) AS n
  FROM coded
  WHERE
    NOT _y10 IS NULL
  GROUP BY
    "in_TIME_PERIOD",
    "in_DISABILITY_STATUS",
    "in_SEX",
    "in_AGE",
    "in_REF_AREA",
    _stratum,
    _psu,
    _cell,
    y
), ranked10 AS (
  SELECT
    *,
    SUM(w) OVER up AS w_to,
    SUM(n) OVER up AS n_to,
    SUM(w) OVER whole AS w_all,
    SUM(n) OVER whole AS n_all
  FROM (
    SELECT
      "in_TIME_PERIOD",
      "in_DISABILITY_STATUS",
      "in_SEX",
      "in_AGE",
      "in_REF_AREA",
      GROUPING("in_DISABILITY_STATUS") = 1 AS "all_DISABILITY_STATUS",
      GROUPING("in_SEX") = 1 AS "all_SEX",
      GROUPING("in_AGE") = 1 AS "all_AGE",
      GROUPING("in_REF_AREA") = 1 AS "all_REF_AREA",
      y,
      CAST(SUM(w) AS DOUBLE) AS w,
      SUM(n) AS n
    FROM spread10
    GROUP BY
      GROUPING SETS (
        ("in_TIME_PERIOD", y),
        ("in_TIME_PERIOD", "in_DISABILITY_STATUS", y),
        ("in_TIME_PERIOD", "in_SEX", y),
        ("in_TIME_PERIOD", "in_AGE", y),
        ("in_TIME_PERIOD", "in_REF_AREA", y),
        ("in_TIME_PERIOD", "in_SEX", "in_AGE", y),
        ("in_TIME_PERIOD", "in_DISABILITY_STATUS", "in_SEX", y),
        ("in_TIME_PERIOD", "in_DISABILITY_STATUS", "in_AGE", y),
        ("in_TIME_PERIOD", "in_DISABILITY_STATUS", "in_REF_AREA", y)
      )
  )
  WINDOW whole AS (
    PARTITION BY "in_TIME_PERIOD", "in_DISABILITY_STATUS", "in_SEX", "in_AGE", "in_REF_AREA", "all_DISABILITY_STATUS", "all_SEX", "all_AGE", "all_REF_AREA"
  ), up AS (
    PARTITION BY "in_TIME_PERIOD", "in_DISABILITY_STATUS", "in_SEX", "in_AGE", "in_REF_AREA", "all_DISABILITY_STATUS", "all_SEX", "all_AGE", "all_REF_AREA"
    ORDER BY y
  )
), quantile10 AS MATERIALIZED (
  SELECT
    "in_TIME_PERIOD",
    "in_DISABILITY_STATUS",
    "in_SEX",
    "in_AGE",
    "in_REF_AREA",
    "all_DISABILITY_STATUS",
    "all_SEX",
    "all_AGE",
    "all_REF_AREA",
    MIN(y) FILTER(WHERE
      w_to >= 0.5 * w_all * (
        1 - 1e-12
      )) AS "at",
    MIN(w_to) FILTER(WHERE
      w_to >= 0.5 * w_all * (
        1 - 1e-12
      )) AS w_to,
    MAX(w_all) AS w_all,
    LEAST(
      MIN(n_to) FILTER(WHERE
        w_to >= 0.5 * w_all * (
          1 - 1e-12
        )),
      MAX(n_all - n_to + n) FILTER(WHERE
        w_to >= 0.5 * w_all * (
          1 - 1e-12
        ))
    ) AS side
  FROM ranked10
  GROUP BY
    "in_TIME_PERIOD",
    "in_DISABILITY_STATUS",
    "in_SEX",
    "in_AGE",
    "in_REF_AREA",
    "all_DISABILITY_STATUS",
    "all_SEX",
    "all_AGE",
    "all_REF_AREA"
), quantiles10 AS (
  SELECT
    cell.*,
    d0."at" AS _at0,
    d1."at" AS _at1,
    d2."at" AS _at2,
    d3."at" AS _at3,
    d4."at" AS _at4,
    d5."at" AS _at5,
    d6."at" AS _at6,
    d7."at" AS _at7,
    d8."at" AS _at8
  FROM (
    SELECT DISTINCT
      "in_TIME_PERIOD",
      "in_DISABILITY_STATUS",
      "in_SEX",
      "in_AGE",
      "in_REF_AREA"
    FROM spread10
  ) AS cell
  LEFT JOIN quantile10 AS d0
    ON cell."in_TIME_PERIOD" IS NOT DISTINCT FROM d0."in_TIME_PERIOD"
    AND d0."all_DISABILITY_STATUS"
    AND d0."all_SEX"
    AND d0."all_AGE"
    AND d0."all_REF_AREA"
  LEFT JOIN quantile10 AS d1
    ON cell."in_TIME_PERIOD" IS NOT DISTINCT FROM d1."in_TIME_PERIOD"
    AND cell."in_DISABILITY_STATUS" IS NOT DISTINCT FROM d1."in_DISABILITY_STATUS"
    AND NOT d1."all_DISABILITY_STATUS"
    AND d1."all_SEX"
    AND d1."all_AGE"
    AND d1."all_REF_AREA"
  LEFT JOIN quantile10 AS d2
    ON cell."in_TIME_PERIOD" IS NOT DISTINCT FROM d2."in_TIME_PERIOD"
    AND cell."in_SEX" IS NOT DISTINCT FROM d2."in_SEX"
    AND d2."all_DISABILITY_STATUS"
    AND NOT d2."all_SEX"
    AND d2."all_AGE"
    AND d2."all_REF_AREA"
  LEFT JOIN quantile10 AS d3
    ON cell."in_TIME_PERIOD" IS NOT DISTINCT FROM d3."in_TIME_PERIOD"
    AND cell."in_AGE" IS NOT DISTINCT FROM d3."in_AGE"
    AND d3."all_DISABILITY_STATUS"
    AND d3."all_SEX"
    AND NOT d3."all_AGE"
    AND d3."all_REF_AREA"
  LEFT JOIN quantile10 AS d4
    ON cell."in_TIME_PERIOD" IS NOT DISTINCT FROM d4."in_TIME_PERIOD"
    AND cell."in_REF_AREA" IS NOT DISTINCT FROM d4."in_REF_AREA"
    AND d4."all_DISABILITY_STATUS"
    AND d4."all_SEX"
    AND d4."all_AGE"
    AND NOT d4."all_REF_AREA"
  LEFT JOIN quantile10 AS d5
    ON cell."in_TIME_PERIOD" IS NOT DISTINCT FROM d5."in_TIME_PERIOD"
    AND cell."in_SEX" IS NOT DISTINCT FROM d5."in_SEX"
    AND cell."in_AGE" IS NOT DISTINCT FROM d5."in_AGE"
    AND d5."all_DISABILITY_STATUS"
    AND NOT d5."all_SEX"
    AND NOT d5."all_AGE"
    AND d5."all_REF_AREA"
  LEFT JOIN quantile10 AS d6
    ON cell."in_TIME_PERIOD" IS NOT DISTINCT FROM d6."in_TIME_PERIOD"
    AND cell."in_DISABILITY_STATUS" IS NOT DISTINCT FROM d6."in_DISABILITY_STATUS"
    AND cell."in_SEX" IS NOT DISTINCT FROM d6."in_SEX"
    AND NOT d6."all_DISABILITY_STATUS"
    AND NOT d6."all_SEX"
    AND d6."all_AGE"
    AND d6."all_REF_AREA"
  LEFT JOIN quantile10 AS d7
    ON cell."in_TIME_PERIOD" IS NOT DISTINCT FROM d7."in_TIME_PERIOD"
    AND cell."in_DISABILITY_STATUS" IS NOT DISTINCT FROM d7."in_DISABILITY_STATUS"
    AND cell."in_AGE" IS NOT DISTINCT FROM d7."in_AGE"
    AND NOT d7."all_DISABILITY_STATUS"
    AND d7."all_SEX"
    AND NOT d7."all_AGE"
    AND d7."all_REF_AREA"
  LEFT JOIN quantile10 AS d8
    ON cell."in_TIME_PERIOD" IS NOT DISTINCT FROM d8."in_TIME_PERIOD"
    AND cell."in_DISABILITY_STATUS" IS NOT DISTINCT FROM d8."in_DISABILITY_STATUS"
    AND cell."in_REF_AREA" IS NOT DISTINCT FROM d8."in_REF_AREA"
    AND NOT d8."all_DISABILITY_STATUS"
    AND d8."all_SEX"
    AND d8."all_AGE"
    AND NOT d8."all_REF_AREA"
), beneath10 AS (
  SELECT
    spread10."in_TIME_PERIOD",
    spread10."in_DISABILITY_STATUS",
    spread10."in_SEX",
    spread10."in_AGE",
    spread10."in_REF_AREA",
    spread10._stratum,
    spread10._psu,
    spread10._cell,
    SUM(w) FILTER(WHERE
      y <= _at0) AS _num10_0,
    SUM(w) FILTER(WHERE
      y <= _at1) AS _num10_1,
    SUM(w) FILTER(WHERE
      y <= _at2) AS _num10_2,
    SUM(w) FILTER(WHERE
      y <= _at3) AS _num10_3,
    SUM(w) FILTER(WHERE
      y <= _at4) AS _num10_4,
    SUM(w) FILTER(WHERE
      y <= _at5) AS _num10_5,
    SUM(w) FILTER(WHERE
      y <= _at6) AS _num10_6,
    SUM(w) FILTER(WHERE
      y <= _at7) AS _num10_7,
    SUM(w) FILTER(WHERE
      y <= _at8) AS _num10_8
  FROM spread10
  JOIN quantiles10 AS "at"
    ON spread10."in_TIME_PERIOD" IS NOT DISTINCT FROM "at"."in_TIME_PERIOD"
    AND spread10."in_DISABILITY_STATUS" IS NOT DISTINCT FROM "at"."in_DISABILITY_STATUS"
    AND spread10."in_SEX" IS NOT DISTINCT FROM "at"."in_SEX"
    AND spread10."in_AGE" IS NOT DISTINCT FROM "at"."in_AGE"
    AND spread10."in_REF_AREA" IS NOT DISTINCT FROM "at"."in_REF_AREA"
  GROUP BY
    spread10."in_TIME_PERIOD",
    spread10."in_DISABILITY_STATUS",
    spread10."in_SEX",
    spread10."in_AGE",
    spread10."in_REF_AREA",
    spread10._stratum,
    spread10._psu,
    spread10._cell
), cells AS MATERIALIZED (
  SELECT
    "in_TIME_PERIOD",
    "in_DISABILITY_STATUS",
    "in_SEX",
    "in_AGE",
    "in_REF_AREA",
    _stratum,
    _psu,
    _cell,
    _delivery,
    COUNT(_y0) AS _n0,
    SUM(_y0) AS _k0,
    SUM(_num0) AS _num0,
    SUM(_den0) AS _den0,
    COUNT(_y1) AS _n1,
    SUM(_y1) AS _k1,
    SUM(_num1) AS _num1,
    SUM(_den1) AS _den1,
    COUNT(_y2) AS _n2,
    SUM(_y2) AS _k2,
    SUM(_num2) AS _num2,
    SUM(_den2) AS _den2,
    COUNT(_y3) AS _n3,
    SUM(_y3) AS _k3,
    SUM(_num3) AS _num3,
    SUM(_den3) AS _den3,
    COUNT(_y4) AS _n4,
    SUM(_y4) AS _k4,
    SUM(_num4) AS _num4,
    SUM(_den4) AS _den4,
    COUNT(_y5) AS _n5,
    SUM(_y5) AS _k5,
    SUM(_num5) AS _num5,
    SUM(_den5) AS _den5,
    COUNT(_y6) AS _n6,
    SUM(_y6) AS _k6,
    SUM(_num6) AS _num6,
    SUM(_den6) AS _den6,
    COUNT(_y7) AS _n7,
    SUM(_y7) AS _k7,
    SUM(_num7) AS _num7,
    SUM(_den7) AS _den7,
    COUNT(_y8) AS _n8,
    SUM(_y8) AS _k8,
    SUM(_num8) AS _num8,
    SUM(_den8) AS _den8,
    COUNT(_y9) AS _n9,
    COUNT(NULLIF(_y9, 0)) AS _k9,
    SUM(_num9) AS _num9,
    SUM(_den9) AS _den9,
    SUM(_num9 * _y9) AS _q9,
    MAX(ABS(_num9)) AS _most9,
    COUNT(_y10) AS _n10,
    COUNT(NULLIF(_y10, 0)) AS _k10,
    SUM(_num10) AS _num10,
    SUM(_den10) AS _den10,
    COUNT(_y11) AS _n11,
    SUM(_y11) AS _k11,
    SUM(_num11) AS _num11,
    SUM(_den11) AS _den11,
    COUNT(_y13) AS _n13,
    SUM(_y13) AS _k13,
    SUM(_num13) AS _num13,
    SUM(_den13) AS _den13,
    COUNT(_y14) AS _n14,
    SUM(_y14) AS _k14,
    SUM(_num14) AS _num14,
    SUM(_den14) AS _den14
  FROM coded
  GROUP BY
    "in_TIME_PERIOD",
    "in_DISABILITY_STATUS",
    "in_SEX",
    "in_AGE",
    "in_REF_AREA",
    _stratum,
    _psu,
    _cell,
    _delivery
  UNION ALL BY NAME
  SELECT
    *
  FROM beneath10
), sums AS (
  SELECT
    "in_TIME_PERIOD",
    "in_DISABILITY_STATUS",
    "in_SEX",
    "in_AGE",
    "in_REF_AREA",
    GROUPING("in_DISABILITY_STATUS") = 1 AS "all_DISABILITY_STATUS",
    GROUPING("in_SEX") = 1 AS "all_SEX",
    GROUPING("in_AGE") = 1 AS "all_AGE",
    GROUPING("in_REF_AREA") = 1 AS "all_REF_AREA",
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
    SUM(_q9) AS _q9,
    MAX(_most9) AS _most9,
    CAST(COALESCE(SUM(_n10), 0) AS BIGINT) AS _n10,
    CAST(COALESCE(SUM(_k10), 0) AS BIGINT) AS _k10,
    SUM(_num10) AS _num10,
    SUM(_den10) AS _den10,
    CAST(COALESCE(SUM(_n11), 0) AS BIGINT) AS _n11,
    CAST(COALESCE(SUM(_k11), 0) AS BIGINT) AS _k11,
    SUM(_num11) AS _num11,
    SUM(_den11) AS _den11,
    CAST(COALESCE(SUM(_n13), 0) AS BIGINT) AS _n13,
    CAST(COALESCE(SUM(_k13), 0) AS BIGINT) AS _k13,
    SUM(_num13) AS _num13,
    SUM(_den13) AS _den13,
    CAST(COALESCE(SUM(_n14), 0) AS BIGINT) AS _n14,
    CAST(COALESCE(SUM(_k14), 0) AS BIGINT) AS _k14,
    SUM(_num14) AS _num14,
    SUM(_den14) AS _den14
  FROM cells
  GROUP BY
    GROUPING SETS (
      (
        "in_TIME_PERIOD"
      ),
      ("in_TIME_PERIOD", "in_DISABILITY_STATUS"),
      ("in_TIME_PERIOD", "in_SEX"),
      ("in_TIME_PERIOD", "in_AGE"),
      ("in_TIME_PERIOD", "in_REF_AREA"),
      ("in_TIME_PERIOD", "in_SEX", "in_AGE"),
      ("in_TIME_PERIOD", "in_DISABILITY_STATUS", "in_SEX"),
      ("in_TIME_PERIOD", "in_DISABILITY_STATUS", "in_AGE"),
      ("in_TIME_PERIOD", "in_DISABILITY_STATUS", "in_REF_AREA")
    )
), behind AS (
  SELECT
    "in_TIME_PERIOD" AS period,
    LIST_SORT(ARRAY_AGG(DISTINCT _delivery)) AS deliveries
  FROM cells
  WHERE
    NOT _delivery IS NULL
  GROUP BY ALL
), drawn_cells AS MATERIALIZED (
  SELECT
    "aar" AS period,
    CAST("stratum" AS TEXT) AS _stratum,
    CAST("klynge" AS TEXT) AS _psu,
    _cell,
    COUNT(*) AS n,
    SUM(_weight) AS w,
    SUM(_weight * _weight) AS w2,
    MAX(CAST(NULL AS DOUBLE)) AS population,
    MAX(CAST(NULL AS DOUBLE)) AS m_population
  FROM weighted
  GROUP BY ALL
), drawn_units AS (
  SELECT
    period,
    _stratum,
    _psu,
    MAX(population) AS population,
    CAST(COUNT(DISTINCT '') AS DOUBLE) AS m,
    MAX(m_population) AS m_population
  FROM drawn_cells
  GROUP BY ALL
), drawn AS (
  SELECT
    period,
    _stratum,
    CAST(COUNT(*) AS DOUBLE) AS nh,
    MAX(population) AS population
  FROM drawn_units
  GROUP BY ALL
), basis AS (
  SELECT
    _cell,
    _g,
    UNNEST(_basis) AS q,
    GENERATE_SUBSCRIPTS(_basis, 1) AS j
  FROM weights
), fits AS (
  SELECT
    "in_TIME_PERIOD",
    "in_DISABILITY_STATUS",
    "in_SEX",
    "in_AGE",
    "in_REF_AREA",
    "all_DISABILITY_STATUS",
    "all_SEX",
    "all_AGE",
    "all_REF_AREA",
    ARRAY_AGG(_num0 ORDER BY j) AS _num0,
    ARRAY_AGG(_den0 ORDER BY j) AS _den0,
    ARRAY_AGG(_num1 ORDER BY j) AS _num1,
    ARRAY_AGG(_den1 ORDER BY j) AS _den1,
    ARRAY_AGG(_num2 ORDER BY j) AS _num2,
    ARRAY_AGG(_den2 ORDER BY j) AS _den2,
    ARRAY_AGG(_num3 ORDER BY j) AS _num3,
    ARRAY_AGG(_den3 ORDER BY j) AS _den3,
    ARRAY_AGG(_num4 ORDER BY j) AS _num4,
    ARRAY_AGG(_den4 ORDER BY j) AS _den4,
    ARRAY_AGG(_num5 ORDER BY j) AS _num5,
    ARRAY_AGG(_den5 ORDER BY j) AS _den5,
    ARRAY_AGG(_num6 ORDER BY j) AS _num6,
    ARRAY_AGG(_den6 ORDER BY j) AS _den6,
    ARRAY_AGG(_num7 ORDER BY j) AS _num7,
    ARRAY_AGG(_den7 ORDER BY j) AS _den7,
    ARRAY_AGG(_num8 ORDER BY j) AS _num8,
    ARRAY_AGG(_den8 ORDER BY j) AS _den8,
    ARRAY_AGG(_num9 ORDER BY j) AS _num9,
    ARRAY_AGG(_den9 ORDER BY j) AS _den9,
    ARRAY_AGG(_num10 ORDER BY j) AS _num10,
    ARRAY_AGG(_den10 ORDER BY j) AS _den10,
    ARRAY_AGG(_num11 ORDER BY j) AS _num11,
    ARRAY_AGG(_den11 ORDER BY j) AS _den11,
    ARRAY_AGG(_num13 ORDER BY j) AS _num13,
    ARRAY_AGG(_den13 ORDER BY j) AS _den13,
    ARRAY_AGG(_num14 ORDER BY j) AS _num14,
    ARRAY_AGG(_den14 ORDER BY j) AS _den14
  FROM (
    SELECT
      "in_TIME_PERIOD",
      "in_DISABILITY_STATUS",
      "in_SEX",
      "in_AGE",
      "in_REF_AREA",
      "all_DISABILITY_STATUS",
      "all_SEX",
      "all_AGE",
      "all_REF_AREA",
      j,
      COALESCE(SUM(_num0 * q / _g), 0) AS _num0,
      COALESCE(SUM(_den0 * q / _g), 0) AS _den0,
      COALESCE(SUM(_num1 * q / _g), 0) AS _num1,
      COALESCE(SUM(_den1 * q / _g), 0) AS _den1,
      COALESCE(SUM(_num2 * q / _g), 0) AS _num2,
      COALESCE(SUM(_den2 * q / _g), 0) AS _den2,
      COALESCE(SUM(_num3 * q / _g), 0) AS _num3,
      COALESCE(SUM(_den3 * q / _g), 0) AS _den3,
      COALESCE(SUM(_num4 * q / _g), 0) AS _num4,
      COALESCE(SUM(_den4 * q / _g), 0) AS _den4,
      COALESCE(SUM(_num5 * q / _g), 0) AS _num5,
      COALESCE(SUM(_den5 * q / _g), 0) AS _den5,
      COALESCE(SUM(_num6 * q / _g), 0) AS _num6,
      COALESCE(SUM(_den6 * q / _g), 0) AS _den6,
      COALESCE(SUM(_num7 * q / _g), 0) AS _num7,
      COALESCE(SUM(_den7 * q / _g), 0) AS _den7,
      COALESCE(SUM(_num8 * q / _g), 0) AS _num8,
      COALESCE(SUM(_den8 * q / _g), 0) AS _den8,
      COALESCE(SUM(_num9 * q / _g), 0) AS _num9,
      COALESCE(SUM(_den9 * q / _g), 0) AS _den9,
      COALESCE(SUM(_num10 * q / _g), 0) AS _num10,
      COALESCE(SUM(_den10 * q / _g), 0) AS _den10,
      COALESCE(SUM(_num11 * q / _g), 0) AS _num11,
      COALESCE(SUM(_den11 * q / _g), 0) AS _den11,
      COALESCE(SUM(_num13 * q / _g), 0) AS _num13,
      COALESCE(SUM(_den13 * q / _g), 0) AS _den13,
      COALESCE(SUM(_num14 * q / _g), 0) AS _num14,
      COALESCE(SUM(_den14 * q / _g), 0) AS _den14
    FROM (
      SELECT
        "in_TIME_PERIOD",
        "in_DISABILITY_STATUS",
        "in_SEX",
        "in_AGE",
        "in_REF_AREA",
        GROUPING("in_DISABILITY_STATUS") = 1 AS "all_DISABILITY_STATUS",
        GROUPING("in_SEX") = 1 AS "all_SEX",
        GROUPING("in_AGE") = 1 AS "all_AGE",
        GROUPING("in_REF_AREA") = 1 AS "all_REF_AREA",
        _cell,
        CAST(SUM(_num0) AS DOUBLE) AS _num0,
        CAST(SUM(_den0) AS DOUBLE) AS _den0,
        CAST(SUM(_num1) AS DOUBLE) AS _num1,
        CAST(SUM(_den1) AS DOUBLE) AS _den1,
        CAST(SUM(_num2) AS DOUBLE) AS _num2,
        CAST(SUM(_den2) AS DOUBLE) AS _den2,
        CAST(SUM(_num3) AS DOUBLE) AS _num3,
        CAST(SUM(_den3) AS DOUBLE) AS _den3,
        CAST(SUM(_num4) AS DOUBLE) AS _num4,
        CAST(SUM(_den4) AS DOUBLE) AS _den4,
        CAST(SUM(_num5) AS DOUBLE) AS _num5,
        CAST(SUM(_den5) AS DOUBLE) AS _den5,
        CAST(SUM(_num6) AS DOUBLE) AS _num6,
        CAST(SUM(_den6) AS DOUBLE) AS _den6,
        CAST(SUM(_num7) AS DOUBLE) AS _num7,
        CAST(SUM(_den7) AS DOUBLE) AS _den7,
        CAST(SUM(_num8) AS DOUBLE) AS _num8,
        CAST(SUM(_den8) AS DOUBLE) AS _den8,
        CAST(SUM(_num9) AS DOUBLE) AS _num9,
        CAST(SUM(_den9) AS DOUBLE) AS _den9,
        CAST(CASE GROUPING("in_DISABILITY_STATUS", "in_SEX", "in_AGE", "in_REF_AREA")
          WHEN 15
          THEN SUM(_num10_0)
          WHEN 7
          THEN SUM(_num10_1)
          WHEN 11
          THEN SUM(_num10_2)
          WHEN 13
          THEN SUM(_num10_3)
          WHEN 14
          THEN SUM(_num10_4)
          WHEN 9
          THEN SUM(_num10_5)
          WHEN 3
          THEN SUM(_num10_6)
          WHEN 5
          THEN SUM(_num10_7)
          WHEN 6
          THEN SUM(_num10_8)
        END AS DOUBLE) AS _num10,
        CAST(SUM(_den10) AS DOUBLE) AS _den10,
        CAST(SUM(_num11) AS DOUBLE) AS _num11,
        CAST(SUM(_den11) AS DOUBLE) AS _den11,
        CAST(SUM(_num13) AS DOUBLE) AS _num13,
        CAST(SUM(_den13) AS DOUBLE) AS _den13,
        CAST(SUM(_num14) AS DOUBLE) AS _num14,
        CAST(SUM(_den14) AS DOUBLE) AS _den14
      FROM cells
      GROUP BY
        GROUPING SETS (
          ("in_TIME_PERIOD", _cell),
          ("in_TIME_PERIOD", "in_DISABILITY_STATUS", _cell),
          ("in_TIME_PERIOD", "in_SEX", _cell),
          ("in_TIME_PERIOD", "in_AGE", _cell),
          ("in_TIME_PERIOD", "in_REF_AREA", _cell),
          ("in_TIME_PERIOD", "in_SEX", "in_AGE", _cell),
          ("in_TIME_PERIOD", "in_DISABILITY_STATUS", "in_SEX", _cell),
          ("in_TIME_PERIOD", "in_DISABILITY_STATUS", "in_AGE", _cell),
          ("in_TIME_PERIOD", "in_DISABILITY_STATUS", "in_REF_AREA", _cell)
        )
    )
    JOIN basis
      USING (_cell)
    GROUP BY
      "in_TIME_PERIOD",
      "in_DISABILITY_STATUS",
      "in_SEX",
      "in_AGE",
      "in_REF_AREA",
      "all_DISABILITY_STATUS",
      "all_SEX",
      "all_AGE",
      "all_REF_AREA",
      j
  )
  GROUP BY
    "in_TIME_PERIOD",
    "in_DISABILITY_STATUS",
    "in_SEX",
    "in_AGE",
    "in_REF_AREA",
    "all_DISABILITY_STATUS",
    "all_SEX",
    "all_AGE",
    "all_REF_AREA"
), answers AS (
  SELECT
    "in_TIME_PERIOD",
    "in_DISABILITY_STATUS",
    "in_SEX",
    "in_AGE",
    "in_REF_AREA",
    GROUPING("in_DISABILITY_STATUS") = 1 AS "all_DISABILITY_STATUS",
    GROUPING("in_SEX") = 1 AS "all_SEX",
    GROUPING("in_AGE") = 1 AS "all_AGE",
    GROUPING("in_REF_AREA") = 1 AS "all_REF_AREA",
    _stratum,
    _psu,
    SUM(_n0) AS _n0,
    SUM(_n1) AS _n1,
    SUM(_n2) AS _n2,
    SUM(_n3) AS _n3,
    SUM(_n4) AS _n4,
    SUM(_n5) AS _n5,
    SUM(_n6) AS _n6,
    SUM(_n7) AS _n7,
    SUM(_n8) AS _n8,
    SUM(_n9) AS _n9,
    SUM(_n10) AS _n10,
    SUM(_n11) AS _n11,
    SUM(_n13) AS _n13,
    SUM(_n14) AS _n14,
    CAST(COALESCE(SUM(_num0), 0) AS DOUBLE) AS _num0,
    CAST(COALESCE(SUM(_den0), 0) AS DOUBLE) AS _den0,
    CAST(COALESCE(SUM(_num1), 0) AS DOUBLE) AS _num1,
    CAST(COALESCE(SUM(_den1), 0) AS DOUBLE) AS _den1,
    CAST(COALESCE(SUM(_num2), 0) AS DOUBLE) AS _num2,
    CAST(COALESCE(SUM(_den2), 0) AS DOUBLE) AS _den2,
    CAST(COALESCE(SUM(_num3), 0) AS DOUBLE) AS _num3,
    CAST(COALESCE(SUM(_den3), 0) AS DOUBLE) AS _den3,
    CAST(COALESCE(SUM(_num4), 0) AS DOUBLE) AS _num4,
    CAST(COALESCE(SUM(_den4), 0) AS DOUBLE) AS _den4,
    CAST(COALESCE(SUM(_num5), 0) AS DOUBLE) AS _num5,
    CAST(COALESCE(SUM(_den5), 0) AS DOUBLE) AS _den5,
    CAST(COALESCE(SUM(_num6), 0) AS DOUBLE) AS _num6,
    CAST(COALESCE(SUM(_den6), 0) AS DOUBLE) AS _den6,
    CAST(COALESCE(SUM(_num7), 0) AS DOUBLE) AS _num7,
    CAST(COALESCE(SUM(_den7), 0) AS DOUBLE) AS _den7,
    CAST(COALESCE(SUM(_num8), 0) AS DOUBLE) AS _num8,
    CAST(COALESCE(SUM(_den8), 0) AS DOUBLE) AS _den8,
    CAST(COALESCE(SUM(_num9), 0) AS DOUBLE) AS _num9,
    CAST(COALESCE(SUM(_den9), 0) AS DOUBLE) AS _den9,
    CAST(COALESCE(
      CASE GROUPING("in_DISABILITY_STATUS", "in_SEX", "in_AGE", "in_REF_AREA")
        WHEN 15
        THEN SUM(_num10_0)
        WHEN 7
        THEN SUM(_num10_1)
        WHEN 11
        THEN SUM(_num10_2)
        WHEN 13
        THEN SUM(_num10_3)
        WHEN 14
        THEN SUM(_num10_4)
        WHEN 9
        THEN SUM(_num10_5)
        WHEN 3
        THEN SUM(_num10_6)
        WHEN 5
        THEN SUM(_num10_7)
        WHEN 6
        THEN SUM(_num10_8)
      END,
      0
    ) AS DOUBLE) AS _num10,
    CAST(COALESCE(SUM(_den10), 0) AS DOUBLE) AS _den10,
    CAST(COALESCE(SUM(_num11), 0) AS DOUBLE) AS _num11,
    CAST(COALESCE(SUM(_den11), 0) AS DOUBLE) AS _den11,
    CAST(COALESCE(SUM(_num13), 0) AS DOUBLE) AS _num13,
    CAST(COALESCE(SUM(_den13), 0) AS DOUBLE) AS _den13,
    CAST(COALESCE(SUM(_num14), 0) AS DOUBLE) AS _num14,
    CAST(COALESCE(SUM(_den14), 0) AS DOUBLE) AS _den14
  FROM cells
  GROUP BY
    GROUPING SETS (
      ("in_TIME_PERIOD", _stratum, _psu),
      ("in_TIME_PERIOD", "in_DISABILITY_STATUS", _stratum, _psu),
      ("in_TIME_PERIOD", "in_SEX", _stratum, _psu),
      ("in_TIME_PERIOD", "in_AGE", _stratum, _psu),
      ("in_TIME_PERIOD", "in_REF_AREA", _stratum, _psu),
      ("in_TIME_PERIOD", "in_SEX", "in_AGE", _stratum, _psu),
      ("in_TIME_PERIOD", "in_DISABILITY_STATUS", "in_SEX", _stratum, _psu),
      ("in_TIME_PERIOD", "in_DISABILITY_STATUS", "in_AGE", _stratum, _psu),
      ("in_TIME_PERIOD", "in_DISABILITY_STATUS", "in_REF_AREA", _stratum, _psu)
    )
), loads AS (
  SELECT
    period,
    _stratum,
    _psu,
    ARRAY_AGG(a ORDER BY j) AS _load
  FROM (
    SELECT
      period,
      _stratum,
      _psu,
      j,
      SUM(w * q) AS a
    FROM drawn_cells
    JOIN basis
      USING (_cell)
    GROUP BY
      period,
      _stratum,
      _psu,
      j
  )
  GROUP BY
    period,
    _stratum,
    _psu
), predicted AS (
  SELECT
    fits."in_TIME_PERIOD",
    fits."in_DISABILITY_STATUS",
    fits."in_SEX",
    fits."in_AGE",
    fits."in_REF_AREA",
    fits."all_DISABILITY_STATUS",
    fits."all_SEX",
    fits."all_AGE",
    fits."all_REF_AREA",
    loads._stratum,
    loads._psu,
    LIST_INNER_PRODUCT(loads._load, fits._num0) AS _num0,
    LIST_INNER_PRODUCT(loads._load, fits._den0) AS _den0,
    LIST_INNER_PRODUCT(loads._load, fits._num1) AS _num1,
    LIST_INNER_PRODUCT(loads._load, fits._den1) AS _den1,
    LIST_INNER_PRODUCT(loads._load, fits._num2) AS _num2,
    LIST_INNER_PRODUCT(loads._load, fits._den2) AS _den2,
    LIST_INNER_PRODUCT(loads._load, fits._num3) AS _num3,
    LIST_INNER_PRODUCT(loads._load, fits._den3) AS _den3,
    LIST_INNER_PRODUCT(loads._load, fits._num4) AS _num4,
    LIST_INNER_PRODUCT(loads._load, fits._den4) AS _den4,
    LIST_INNER_PRODUCT(loads._load, fits._num5) AS _num5,
    LIST_INNER_PRODUCT(loads._load, fits._den5) AS _den5,
    LIST_INNER_PRODUCT(loads._load, fits._num6) AS _num6,
    LIST_INNER_PRODUCT(loads._load, fits._den6) AS _den6,
    LIST_INNER_PRODUCT(loads._load, fits._num7) AS _num7,
    LIST_INNER_PRODUCT(loads._load, fits._den7) AS _den7,
    LIST_INNER_PRODUCT(loads._load, fits._num8) AS _num8,
    LIST_INNER_PRODUCT(loads._load, fits._den8) AS _den8,
    LIST_INNER_PRODUCT(loads._load, fits._num9) AS _num9,
    LIST_INNER_PRODUCT(loads._load, fits._den9) AS _den9,
    LIST_INNER_PRODUCT(loads._load, fits._num10) AS _num10,
    LIST_INNER_PRODUCT(loads._load, fits._den10) AS _den10,
    LIST_INNER_PRODUCT(loads._load, fits._num11) AS _num11,
    LIST_INNER_PRODUCT(loads._load, fits._den11) AS _den11,
    LIST_INNER_PRODUCT(loads._load, fits._num13) AS _num13,
    LIST_INNER_PRODUCT(loads._load, fits._den13) AS _den13,
    LIST_INNER_PRODUCT(loads._load, fits._num14) AS _num14,
    LIST_INNER_PRODUCT(loads._load, fits._den14) AS _den14
  FROM fits
  JOIN loads
    ON loads.period IS NOT DISTINCT FROM fits."in_TIME_PERIOD"
), units AS (
  SELECT
    predicted."in_TIME_PERIOD",
    predicted."in_DISABILITY_STATUS",
    predicted."in_SEX",
    predicted."in_AGE",
    predicted."in_REF_AREA",
    predicted."all_DISABILITY_STATUS",
    predicted."all_SEX",
    predicted."all_AGE",
    predicted."all_REF_AREA",
    predicted._stratum,
    predicted._psu,
    COALESCE(answers._n0, 0) AS _n0,
    COALESCE(answers._n1, 0) AS _n1,
    COALESCE(answers._n2, 0) AS _n2,
    COALESCE(answers._n3, 0) AS _n3,
    COALESCE(answers._n4, 0) AS _n4,
    COALESCE(answers._n5, 0) AS _n5,
    COALESCE(answers._n6, 0) AS _n6,
    COALESCE(answers._n7, 0) AS _n7,
    COALESCE(answers._n8, 0) AS _n8,
    COALESCE(answers._n9, 0) AS _n9,
    COALESCE(answers._n10, 0) AS _n10,
    COALESCE(answers._n11, 0) AS _n11,
    COALESCE(answers._n13, 0) AS _n13,
    COALESCE(answers._n14, 0) AS _n14,
    COALESCE(answers._num0, 0) - predicted._num0 AS _num0,
    COALESCE(answers._den0, 0) - predicted._den0 AS _den0,
    COALESCE(answers._num1, 0) - predicted._num1 AS _num1,
    COALESCE(answers._den1, 0) - predicted._den1 AS _den1,
    COALESCE(answers._num2, 0) - predicted._num2 AS _num2,
    COALESCE(answers._den2, 0) - predicted._den2 AS _den2,
    COALESCE(answers._num3, 0) - predicted._num3 AS _num3,
    COALESCE(answers._den3, 0) - predicted._den3 AS _den3,
    COALESCE(answers._num4, 0) - predicted._num4 AS _num4,
    COALESCE(answers._den4, 0) - predicted._den4 AS _den4,
    COALESCE(answers._num5, 0) - predicted._num5 AS _num5,
    COALESCE(answers._den5, 0) - predicted._den5 AS _den5,
    COALESCE(answers._num6, 0) - predicted._num6 AS _num6,
    COALESCE(answers._den6, 0) - predicted._den6 AS _den6,
    COALESCE(answers._num7, 0) - predicted._num7 AS _num7,
    COALESCE(answers._den7, 0) - predicted._den7 AS _den7,
    COALESCE(answers._num8, 0) - predicted._num8 AS _num8,
    COALESCE(answers._den8, 0) - predicted._den8 AS _den8,
    COALESCE(answers._num9, 0) - predicted._num9 AS _num9,
    COALESCE(answers._den9, 0) - predicted._den9 AS _den9,
    COALESCE(answers._num10, 0) - predicted._num10 AS _num10,
    COALESCE(answers._den10, 0) - predicted._den10 AS _den10,
    COALESCE(answers._num11, 0) - predicted._num11 AS _num11,
    COALESCE(answers._den11, 0) - predicted._den11 AS _den11,
    COALESCE(answers._num13, 0) - predicted._num13 AS _num13,
    COALESCE(answers._den13, 0) - predicted._den13 AS _den13,
    COALESCE(answers._num14, 0) - predicted._num14 AS _num14,
    COALESCE(answers._den14, 0) - predicted._den14 AS _den14
  FROM predicted
  LEFT JOIN answers
    ON answers."in_TIME_PERIOD" IS NOT DISTINCT FROM predicted."in_TIME_PERIOD"
    AND answers."in_DISABILITY_STATUS" IS NOT DISTINCT FROM predicted."in_DISABILITY_STATUS"
    AND answers."in_SEX" IS NOT DISTINCT FROM predicted."in_SEX"
    AND answers."in_AGE" IS NOT DISTINCT FROM predicted."in_AGE"
    AND answers."in_REF_AREA" IS NOT DISTINCT FROM predicted."in_REF_AREA"
    AND answers."all_DISABILITY_STATUS" IS NOT DISTINCT FROM predicted."all_DISABILITY_STATUS"
    AND answers."all_SEX" IS NOT DISTINCT FROM predicted."all_SEX"
    AND answers."all_AGE" IS NOT DISTINCT FROM predicted."all_AGE"
    AND answers."all_REF_AREA" IS NOT DISTINCT FROM predicted."all_REF_AREA"
    AND answers._stratum = predicted._stratum
    AND answers._psu = predicted._psu
), strata AS (
  SELECT
    "in_TIME_PERIOD",
    "in_DISABILITY_STATUS",
    "in_SEX",
    "in_AGE",
    "in_REF_AREA",
    "all_DISABILITY_STATUS",
    "all_SEX",
    "all_AGE",
    "all_REF_AREA",
    _stratum,
    COUNT(*) FILTER(WHERE
      _n0 > 0) AS _c0,
    SUM(_num0) AS _y0,
    SUM(_den0) AS _x0,
    SUM(_num0 * _num0) AS _yy0,
    SUM(_num0 * _den0) AS _yx0,
    SUM(_den0 * _den0) AS _xx0,
    COUNT(*) FILTER(WHERE
      _n1 > 0) AS _c1,
    SUM(_num1) AS _y1,
    SUM(_den1) AS _x1,
    SUM(_num1 * _num1) AS _yy1,
    SUM(_num1 * _den1) AS _yx1,
    SUM(_den1 * _den1) AS _xx1,
    COUNT(*) FILTER(WHERE
      _n2 > 0) AS _c2,
    SUM(_num2) AS _y2,
    SUM(_den2) AS _x2,
    SUM(_num2 * _num2) AS _yy2,
    SUM(_num2 * _den2) AS _yx2,
    SUM(_den2 * _den2) AS _xx2,
    COUNT(*) FILTER(WHERE
      _n3 > 0) AS _c3,
    SUM(_num3) AS _y3,
    SUM(_den3) AS _x3,
    SUM(_num3 * _num3) AS _yy3,
    SUM(_num3 * _den3) AS _yx3,
    SUM(_den3 * _den3) AS _xx3,
    COUNT(*) FILTER(WHERE
      _n4 > 0) AS _c4,
    SUM(_num4) AS _y4,
    SUM(_den4) AS _x4,
    SUM(_num4 * _num4) AS _yy4,
    SUM(_num4 * _den4) AS _yx4,
    SUM(_den4 * _den4) AS _xx4,
    COUNT(*) FILTER(WHERE
      _n5 > 0) AS _c5,
    SUM(_num5) AS _y5,
    SUM(_den5) AS _x5,
    SUM(_num5 * _num5) AS _yy5,
    SUM(_num5 * _den5) AS _yx5,
    SUM(_den5 * _den5) AS _xx5,
    COUNT(*) FILTER(WHERE
      _n6 > 0) AS _c6,
    SUM(_num6) AS _y6,
    SUM(_den6) AS _x6,
    SUM(_num6 * _num6) AS _yy6,
    SUM(_num6 * _den6) AS _yx6,
    SUM(_den6 * _den6) AS _xx6,
    COUNT(*) FILTER(WHERE
      _n7 > 0) AS _c7,
    SUM(_num7) AS _y7,
    SUM(_den7) AS _x7,
    SUM(_num7 * _num7) AS _yy7,
    SUM(_num7 * _den7) AS _yx7,
    SUM(_den7 * _den7) AS _xx7,
    COUNT(*) FILTER(WHERE
      _n8 > 0) AS _c8,
    SUM(_num8) AS _y8,
    SUM(_den8) AS _x8,
    SUM(_num8 * _num8) AS _yy8,
    SUM(_num8 * _den8) AS _yx8,
    SUM(_den8 * _den8) AS _xx8,
    COUNT(*) FILTER(WHERE
      _n9 > 0) AS _c9,
    SUM(_num9) AS _y9,
    SUM(_den9) AS _x9,
    SUM(_num9 * _num9) AS _yy9,
    SUM(_num9 * _den9) AS _yx9,
    SUM(_den9 * _den9) AS _xx9,
    COUNT(*) FILTER(WHERE
      _n10 > 0) AS _c10,
    SUM(_num10) AS _y10,
    SUM(_den10) AS _x10,
    SUM(_num10 * _num10) AS _yy10,
    SUM(_num10 * _den10) AS _yx10,
    SUM(_den10 * _den10) AS _xx10,
    COUNT(*) FILTER(WHERE
      _n11 > 0) AS _c11,
    SUM(_num11) AS _y11,
    SUM(_den11) AS _x11,
    SUM(_num11 * _num11) AS _yy11,
    SUM(_num11 * _den11) AS _yx11,
    SUM(_den11 * _den11) AS _xx11,
    COUNT(*) FILTER(WHERE
      _n13 > 0) AS _c13,
    SUM(_num13) AS _y13,
    SUM(_den13) AS _x13,
    SUM(_num13 * _num13) AS _yy13,
    SUM(_num13 * _den13) AS _yx13,
    SUM(_den13 * _den13) AS _xx13,
    COUNT(*) FILTER(WHERE
      _n14 > 0) AS _c14,
    SUM(_num14) AS _y14,
    SUM(_den14) AS _x14,
    SUM(_num14 * _num14) AS _yy14,
    SUM(_num14 * _den14) AS _yx14,
    SUM(_den14 * _den14) AS _xx14
  FROM units
  GROUP BY
    "in_TIME_PERIOD",
    "in_DISABILITY_STATUS",
    "in_SEX",
    "in_AGE",
    "in_REF_AREA",
    "all_DISABILITY_STATUS",
    "all_SEX",
    "all_AGE",
    "all_REF_AREA",
    _stratum
), covariances AS (
  SELECT
    "in_TIME_PERIOD",
    "in_DISABILITY_STATUS",
    "in_SEX",
    "in_AGE",
    "in_REF_AREA",
    "all_DISABILITY_STATUS",
    "all_SEX",
    "all_AGE",
    "all_REF_AREA",
    SUM(
      CASE
        WHEN nh > 1
        THEN f1 * nh / (
          nh - 1
        ) * (
          _yy0 - _y0 * _y0 / nh
        )
        WHEN nh = 1
        THEN f1 * _y0 * _y0
        ELSE 0
      END
    ) AS _vyy0,
    SUM(
      CASE
        WHEN nh > 1
        THEN f1 * nh / (
          nh - 1
        ) * (
          _yx0 - _y0 * _x0 / nh
        )
        WHEN nh = 1
        THEN f1 * _y0 * _x0
        ELSE 0
      END
    ) AS _vyx0,
    SUM(
      CASE
        WHEN nh > 1
        THEN f1 * nh / (
          nh - 1
        ) * (
          _xx0 - _x0 * _x0 / nh
        )
        WHEN nh = 1
        THEN f1 * _x0 * _x0
        ELSE 0
      END
    ) AS _vxx0,
    CAST(SUM(_c0) - COUNT(*) FILTER(WHERE
      _c0 > 0) AS BIGINT) AS _df0,
    SUM(
      CASE
        WHEN nh > 1
        THEN f1 * nh / (
          nh - 1
        ) * (
          _yy1 - _y1 * _y1 / nh
        )
        WHEN nh = 1
        THEN f1 * _y1 * _y1
        ELSE 0
      END
    ) AS _vyy1,
    SUM(
      CASE
        WHEN nh > 1
        THEN f1 * nh / (
          nh - 1
        ) * (
          _yx1 - _y1 * _x1 / nh
        )
        WHEN nh = 1
        THEN f1 * _y1 * _x1
        ELSE 0
      END
    ) AS _vyx1,
    SUM(
      CASE
        WHEN nh > 1
        THEN f1 * nh / (
          nh - 1
        ) * (
          _xx1 - _x1 * _x1 / nh
        )
        WHEN nh = 1
        THEN f1 * _x1 * _x1
        ELSE 0
      END
    ) AS _vxx1,
    CAST(SUM(_c1) - COUNT(*) FILTER(WHERE
      _c1 > 0) AS BIGINT) AS _df1,
    SUM(
      CASE
        WHEN nh > 1
        THEN f1 * nh / (
          nh - 1
        ) * (
          _yy2 - _y2 * _y2 / nh
        )
        WHEN nh = 1
        THEN f1 * _y2 * _y2
        ELSE 0
      END
    ) AS _vyy2,
    SUM(
      CASE
        WHEN nh > 1
        THEN f1 * nh / (
          nh - 1
        ) * (
          _yx2 - _y2 * _x2 / nh
        )
        WHEN nh = 1
        THEN f1 * _y2 * _x2
        ELSE 0
      END
    ) AS _vyx2,
    SUM(
      CASE
        WHEN nh > 1
        THEN f1 * nh / (
          nh - 1
        ) * (
          _xx2 - _x2 * _x2 / nh
        )
        WHEN nh = 1
        THEN f1 * _x2 * _x2
        ELSE 0
      END
    ) AS _vxx2,
    CAST(SUM(_c2) - COUNT(*) FILTER(WHERE
      _c2 > 0) AS BIGINT) AS _df2,
    SUM(
      CASE
        WHEN nh > 1
        THEN f1 * nh / (
          nh - 1
        ) * (
          _yy3 - _y3 * _y3 / nh
        )
        WHEN nh = 1
        THEN f1 * _y3 * _y3
        ELSE 0
      END
    ) AS _vyy3,
    SUM(
      CASE
        WHEN nh > 1
        THEN f1 * nh / (
          nh - 1
        ) * (
          _yx3 - _y3 * _x3 / nh
        )
        WHEN nh = 1
        THEN f1 * _y3 * _x3
        ELSE 0
      END
    ) AS _vyx3,
    SUM(
      CASE
        WHEN nh > 1
        THEN f1 * nh / (
          nh - 1
        ) * (
          _xx3 - _x3 * _x3 / nh
        )
        WHEN nh = 1
        THEN f1 * _x3 * _x3
        ELSE 0
      END
    ) AS _vxx3,
    CAST(SUM(_c3) - COUNT(*) FILTER(WHERE
      _c3 > 0) AS BIGINT) AS _df3,
    SUM(
      CASE
        WHEN nh > 1
        THEN f1 * nh / (
          nh - 1
        ) * (
          _yy4 - _y4 * _y4 / nh
        )
        WHEN nh = 1
        THEN f1 * _y4 * _y4
        ELSE 0
      END
    ) AS _vyy4,
    SUM(
      CASE
        WHEN nh > 1
        THEN f1 * nh / (
          nh - 1
        ) * (
          _yx4 - _y4 * _x4 / nh
        )
        WHEN nh = 1
        THEN f1 * _y4 * _x4
        ELSE 0
      END
    ) AS _vyx4,
    SUM(
      CASE
        WHEN nh > 1
        THEN f1 * nh / (
          nh - 1
        ) * (
          _xx4 - _x4 * _x4 / nh
        )
        WHEN nh = 1
        THEN f1 * _x4 * _x4
        ELSE 0
      END
    ) AS _vxx4,
    CAST(SUM(_c4) - COUNT(*) FILTER(WHERE
      _c4 > 0) AS BIGINT) AS _df4,
    SUM(
      CASE
        WHEN nh > 1
        THEN f1 * nh / (
          nh - 1
        ) * (
          _yy5 - _y5 * _y5 / nh
        )
        WHEN nh = 1
        THEN f1 * _y5 * _y5
        ELSE 0
      END
    ) AS _vyy5,
    SUM(
      CASE
        WHEN nh > 1
        THEN f1 * nh / (
          nh - 1
        ) * (
          _yx5 - _y5 * _x5 / nh
        )
        WHEN nh = 1
        THEN f1 * _y5 * _x5
        ELSE 0
      END
    ) AS _vyx5,
    SUM(
      CASE
        WHEN nh > 1
        THEN f1 * nh / (
          nh - 1
        ) * (
          _xx5 - _x5 * _x5 / nh
        )
        WHEN nh = 1
        THEN f1 * _x5 * _x5
        ELSE 0
      END
    ) AS _vxx5,
    CAST(SUM(_c5) - COUNT(*) FILTER(WHERE
      _c5 > 0) AS BIGINT) AS _df5,
    SUM(
      CASE
        WHEN nh > 1
        THEN f1 * nh / (
          nh - 1
        ) * (
          _yy6 - _y6 * _y6 / nh
        )
        WHEN nh = 1
        THEN f1 * _y6 * _y6
        ELSE 0
      END
    ) AS _vyy6,
    SUM(
      CASE
        WHEN nh > 1
        THEN f1 * nh / (
          nh - 1
        ) * (
          _yx6 - _y6 * _x6 / nh
        )
        WHEN nh = 1
        THEN f1 * _y6 * _x6
        ELSE 0
      END
    ) AS _vyx6,
    SUM(
      CASE
        WHEN nh > 1
        THEN f1 * nh / (
          nh - 1
        ) * (
          _xx6 - _x6 * _x6 / nh
        )
        WHEN nh = 1
        THEN f1 * _x6 * _x6
        ELSE 0
      END
    ) AS _vxx6,
    CAST(SUM(_c6) - COUNT(*) FILTER(WHERE
      _c6 > 0) AS BIGINT) AS _df6,
    SUM(
      CASE
        WHEN nh > 1
        THEN f1 * nh / (
          nh - 1
        ) * (
          _yy7 - _y7 * _y7 / nh
        )
        WHEN nh = 1
        THEN f1 * _y7 * _y7
        ELSE 0
      END
    ) AS _vyy7,
    SUM(
      CASE
        WHEN nh > 1
        THEN f1 * nh / (
          nh - 1
        ) * (
          _yx7 - _y7 * _x7 / nh
        )
        WHEN nh = 1
        THEN f1 * _y7 * _x7
        ELSE 0
      END
    ) AS _vyx7,
    SUM(
      CASE
        WHEN nh > 1
        THEN f1 * nh / (
          nh - 1
        ) * (
          _xx7 - _x7 * _x7 / nh
        )
        WHEN nh = 1
        THEN f1 * _x7 * _x7
        ELSE 0
      END
    ) AS _vxx7,
    CAST(SUM(_c7) - COUNT(*) FILTER(WHERE
      _c7 > 0) AS BIGINT) AS _df7,
    SUM(
      CASE
        WHEN nh > 1
        THEN f1 * nh / (
          nh - 1
        ) * (
          _yy8 - _y8 * _y8 / nh
        )
        WHEN nh = 1
        THEN f1 * _y8 * _y8
        ELSE 0
      END
    ) AS _vyy8,
    SUM(
      CASE
        WHEN nh > 1
        THEN f1 * nh / (
          nh - 1
        ) * (
          _yx8 - _y8 * _x8 / nh
        )
        WHEN nh = 1
        THEN f1 * _y8 * _x8
        ELSE 0
      END
    ) AS _vyx8,
    SUM(
      CASE
        WHEN nh > 1
        THEN f1 * nh / (
          nh - 1
        ) * (
          _xx8 - _x8 * _x8 / nh
        )
        WHEN nh = 1
        THEN f1 * _x8 * _x8
        ELSE 0
      END
    ) AS _vxx8,
    CAST(SUM(_c8) - COUNT(*) FILTER(WHERE
      _c8 > 0) AS BIGINT) AS _df8,
    SUM(
      CASE
        WHEN nh > 1
        THEN f1 * nh / (
          nh - 1
        ) * (
          _yy9 - _y9 * _y9 / nh
        )
        WHEN nh = 1
        THEN f1 * _y9 * _y9
        ELSE 0
      END
    ) AS _vyy9,
    SUM(
      CASE
        WHEN nh > 1
        THEN f1 * nh / (
          nh - 1
        ) * (
          _yx9 - _y9 * _x9 / nh
        )
        WHEN nh = 1
        THEN f1 * _y9 * _x9
        ELSE 0
      END
    ) AS _vyx9,
    SUM(
      CASE
        WHEN nh > 1
        THEN f1 * nh / (
          nh - 1
        ) * (
          _xx9 - _x9 * _x9 / nh
        )
        WHEN nh = 1
        THEN f1 * _x9 * _x9
        ELSE 0
      END
    ) AS _vxx9,
    CAST(SUM(_c9) - COUNT(*) FILTER(WHERE
      _c9 > 0) AS BIGINT) AS _df9,
    SUM(
      CASE
        WHEN nh > 1
        THEN f1 * nh / (
          nh - 1
        ) * (
          _yy10 - _y10 * _y10 / nh
        )
        WHEN nh = 1
        THEN f1 * _y10 * _y10
        ELSE 0
      END
    ) AS _vyy10,
    SUM(
      CASE
        WHEN nh > 1
        THEN f1 * nh / (
          nh - 1
        ) * (
          _yx10 - _y10 * _x10 / nh
        )
        WHEN nh = 1
        THEN f1 * _y10 * _x10
        ELSE 0
      END
    ) AS _vyx10,
    SUM(
      CASE
        WHEN nh > 1
        THEN f1 * nh / (
          nh - 1
        ) * (
          _xx10 - _x10 * _x10 / nh
        )
        WHEN nh = 1
        THEN f1 * _x10 * _x10
        ELSE 0
      END
    ) AS _vxx10,
    CAST(SUM(_c10) - COUNT(*) FILTER(WHERE
      _c10 > 0) AS BIGINT) AS _df10,
    SUM(
      CASE
        WHEN nh > 1
        THEN f1 * nh / (
          nh - 1
        ) * (
          _yy11 - _y11 * _y11 / nh
        )
        WHEN nh = 1
        THEN f1 * _y11 * _y11
        ELSE 0
      END
    ) AS _vyy11,
    SUM(
      CASE
        WHEN nh > 1
        THEN f1 * nh / (
          nh - 1
        ) * (
          _yx11 - _y11 * _x11 / nh
        )
        WHEN nh = 1
        THEN f1 * _y11 * _x11
        ELSE 0
      END
    ) AS _vyx11,
    SUM(
      CASE
        WHEN nh > 1
        THEN f1 * nh / (
          nh - 1
        ) * (
          _xx11 - _x11 * _x11 / nh
        )
        WHEN nh = 1
        THEN f1 * _x11 * _x11
        ELSE 0
      END
    ) AS _vxx11,
    CAST(SUM(_c11) - COUNT(*) FILTER(WHERE
      _c11 > 0) AS BIGINT) AS _df11,
    SUM(
      CASE
        WHEN nh > 1
        THEN f1 * nh / (
          nh - 1
        ) * (
          _yy13 - _y13 * _y13 / nh
        )
        WHEN nh = 1
        THEN f1 * _y13 * _y13
        ELSE 0
      END
    ) AS _vyy13,
    SUM(
      CASE
        WHEN nh > 1
        THEN f1 * nh / (
          nh - 1
        ) * (
          _yx13 - _y13 * _x13 / nh
        )
        WHEN nh = 1
        THEN f1 * _y13 * _x13
        ELSE 0
      END
    ) AS _vyx13,
    SUM(
      CASE
        WHEN nh > 1
        THEN f1 * nh / (
          nh - 1
        ) * (
          _xx13 - _x13 * _x13 / nh
        )
        WHEN nh = 1
        THEN f1 * _x13 * _x13
        ELSE 0
      END
    ) AS _vxx13,
    CAST(SUM(_c13) - COUNT(*) FILTER(WHERE
      _c13 > 0) AS BIGINT) AS _df13,
    SUM(
      CASE
        WHEN nh > 1
        THEN f1 * nh / (
          nh - 1
        ) * (
          _yy14 - _y14 * _y14 / nh
        )
        WHEN nh = 1
        THEN f1 * _y14 * _y14
        ELSE 0
      END
    ) AS _vyy14,
    SUM(
      CASE
        WHEN nh > 1
        THEN f1 * nh / (
          nh - 1
        ) * (
          _yx14 - _y14 * _x14 / nh
        )
        WHEN nh = 1
        THEN f1 * _y14 * _x14
        ELSE 0
      END
    ) AS _vyx14,
    SUM(
      CASE
        WHEN nh > 1
        THEN f1 * nh / (
          nh - 1
        ) * (
          _xx14 - _x14 * _x14 / nh
        )
        WHEN nh = 1
        THEN f1 * _x14 * _x14
        ELSE 0
      END
    ) AS _vxx14,
    CAST(SUM(_c14) - COUNT(*) FILTER(WHERE
      _c14 > 0) AS BIGINT) AS _df14
  FROM (
    SELECT
      s.*,
      nh,
      COALESCE(1 - nh / population, 1) AS f1
    FROM strata AS s
    JOIN drawn
      USING (_stratum)
    WHERE
      drawn.period IS NOT DISTINCT FROM "in_TIME_PERIOD"
  ) AS s
  GROUP BY
    "in_TIME_PERIOD",
    "in_DISABILITY_STATUS",
    "in_SEX",
    "in_AGE",
    "in_REF_AREA",
    "all_DISABILITY_STATUS",
    "all_SEX",
    "all_AGE",
    "all_REF_AREA"
), units_disability_status AS (
  SELECT
    s."in_TIME_PERIOD",
    s."in_SEX",
    s."in_AGE",
    s."in_REF_AREA",
    s."all_SEX",
    s."all_AGE",
    s."all_REF_AREA",
    s._stratum,
    s._psu,
    COALESCE(
      SUM(s._n11) FILTER(WHERE
        NOT CASE s."in_DISABILITY_STATUS" WHEN 'PWD' THEN 1 WHEN 'PD' THEN -1 END IS NULL),
      0
    ) AS _n12,
    COALESCE(
      SUM(
        CASE s."in_DISABILITY_STATUS" WHEN 'PWD' THEN 1 WHEN 'PD' THEN -1 END * (
          s._num11 - t._num11 / NULLIF(t._den11, 0) * s._den11
        ) / NULLIF(t._den11, 0)
      ),
      0
    ) AS _num12,
    CAST(0 AS DOUBLE) AS _den12
  FROM units AS s
  JOIN sums AS t
    ON s."in_TIME_PERIOD" IS NOT DISTINCT FROM t."in_TIME_PERIOD"
    AND s."in_DISABILITY_STATUS" IS NOT DISTINCT FROM t."in_DISABILITY_STATUS"
    AND s."in_SEX" IS NOT DISTINCT FROM t."in_SEX"
    AND s."in_AGE" IS NOT DISTINCT FROM t."in_AGE"
    AND s."in_REF_AREA" IS NOT DISTINCT FROM t."in_REF_AREA"
    AND s."all_DISABILITY_STATUS" IS NOT DISTINCT FROM t."all_DISABILITY_STATUS"
    AND s."all_SEX" IS NOT DISTINCT FROM t."all_SEX"
    AND s."all_AGE" IS NOT DISTINCT FROM t."all_AGE"
    AND s."all_REF_AREA" IS NOT DISTINCT FROM t."all_REF_AREA"
  WHERE
    NOT s."all_DISABILITY_STATUS" AND s."in_DISABILITY_STATUS" IN ('PWD', 'PD')
  GROUP BY
    s."in_TIME_PERIOD",
    s."in_SEX",
    s."in_AGE",
    s."in_REF_AREA",
    s."all_SEX",
    s."all_AGE",
    s."all_REF_AREA",
    s._stratum,
    s._psu
), strata_disability_status AS (
  SELECT
    "in_TIME_PERIOD",
    "in_SEX",
    "in_AGE",
    "in_REF_AREA",
    "all_SEX",
    "all_AGE",
    "all_REF_AREA",
    _stratum,
    COUNT(*) FILTER(WHERE
      _n12 > 0) AS _c12,
    SUM(_num12) AS _y12,
    SUM(_den12) AS _x12,
    SUM(_num12 * _num12) AS _yy12,
    SUM(_num12 * _den12) AS _yx12,
    SUM(_den12 * _den12) AS _xx12
  FROM units_disability_status
  GROUP BY
    "in_TIME_PERIOD",
    "in_SEX",
    "in_AGE",
    "in_REF_AREA",
    "all_SEX",
    "all_AGE",
    "all_REF_AREA",
    _stratum
), covariances_disability_status AS (
  SELECT
    "in_TIME_PERIOD",
    "in_SEX",
    "in_AGE",
    "in_REF_AREA",
    "all_SEX",
    "all_AGE",
    "all_REF_AREA",
    SUM(
      CASE
        WHEN nh > 1
        THEN f1 * nh / (
          nh - 1
        ) * (
          _yy12 - _y12 * _y12 / nh
        )
        WHEN nh = 1
        THEN f1 * _y12 * _y12
        ELSE 0
      END
    ) AS _vyy12,
    SUM(
      CASE
        WHEN nh > 1
        THEN f1 * nh / (
          nh - 1
        ) * (
          _yx12 - _y12 * _x12 / nh
        )
        WHEN nh = 1
        THEN f1 * _y12 * _x12
        ELSE 0
      END
    ) AS _vyx12,
    SUM(
      CASE
        WHEN nh > 1
        THEN f1 * nh / (
          nh - 1
        ) * (
          _xx12 - _x12 * _x12 / nh
        )
        WHEN nh = 1
        THEN f1 * _x12 * _x12
        ELSE 0
      END
    ) AS _vxx12,
    CAST(SUM(_c12) - COUNT(*) FILTER(WHERE
      _c12 > 0) AS BIGINT) AS _df12
  FROM (
    SELECT
      s.*,
      nh,
      COALESCE(1 - nh / population, 1) AS f1
    FROM strata_disability_status AS s
    JOIN drawn
      USING (_stratum)
    WHERE
      drawn.period IS NOT DISTINCT FROM "in_TIME_PERIOD"
  ) AS s
  GROUP BY
    "in_TIME_PERIOD",
    "in_SEX",
    "in_AGE",
    "in_REF_AREA",
    "all_SEX",
    "all_AGE",
    "all_REF_AREA"
), measured AS (
  SELECT
    sums.*,
    q10."at" AS _quantile10,
    q10.w_to AS _to10,
    q10.side AS _side10,
    _vyy0,
    _vyx0,
    _vxx0,
    _vyy1,
    _vyx1,
    _vxx1,
    _vyy2,
    _vyx2,
    _vxx2,
    _vyy3,
    _vyx3,
    _vxx3,
    _vyy4,
    _vyx4,
    _vxx4,
    _vyy5,
    _vyx5,
    _vxx5,
    _vyy6,
    _vyx6,
    _vxx6,
    _vyy7,
    _vyx7,
    _vxx7,
    _vyy8,
    _vyx8,
    _vxx8,
    _vyy9,
    _vyx9,
    _vxx9,
    _vyy10,
    _vyx10,
    _vxx10,
    _vyy11,
    _vyx11,
    _vxx11,
    _vyy13,
    _vyx13,
    _vxx13,
    _vyy14,
    _vyx14,
    _vxx14,
    _df0,
    _df1,
    _df2,
    _df3,
    _df4,
    _df5,
    _df6,
    _df7,
    _df8,
    _df9,
    _df10,
    _df11,
    _df13,
    _df14
  FROM sums
  LEFT JOIN quantile10 AS q10
    ON sums."in_TIME_PERIOD" IS NOT DISTINCT FROM q10."in_TIME_PERIOD"
    AND sums."in_DISABILITY_STATUS" IS NOT DISTINCT FROM q10."in_DISABILITY_STATUS"
    AND sums."in_SEX" IS NOT DISTINCT FROM q10."in_SEX"
    AND sums."in_AGE" IS NOT DISTINCT FROM q10."in_AGE"
    AND sums."in_REF_AREA" IS NOT DISTINCT FROM q10."in_REF_AREA"
    AND sums."all_DISABILITY_STATUS" IS NOT DISTINCT FROM q10."all_DISABILITY_STATUS"
    AND sums."all_SEX" IS NOT DISTINCT FROM q10."all_SEX"
    AND sums."all_AGE" IS NOT DISTINCT FROM q10."all_AGE"
    AND sums."all_REF_AREA" IS NOT DISTINCT FROM q10."all_REF_AREA"
  LEFT JOIN covariances
    ON sums."in_TIME_PERIOD" IS NOT DISTINCT FROM covariances."in_TIME_PERIOD"
    AND sums."in_DISABILITY_STATUS" IS NOT DISTINCT FROM covariances."in_DISABILITY_STATUS"
    AND sums."in_SEX" IS NOT DISTINCT FROM covariances."in_SEX"
    AND sums."in_AGE" IS NOT DISTINCT FROM covariances."in_AGE"
    AND sums."in_REF_AREA" IS NOT DISTINCT FROM covariances."in_REF_AREA"
    AND sums."all_DISABILITY_STATUS" IS NOT DISTINCT FROM covariances."all_DISABILITY_STATUS"
    AND sums."all_SEX" IS NOT DISTINCT FROM covariances."all_SEX"
    AND sums."all_AGE" IS NOT DISTINCT FROM covariances."all_AGE"
    AND sums."all_REF_AREA" IS NOT DISTINCT FROM covariances."all_REF_AREA"
), indicators AS (
  SELECT
    *,
    UNNEST(
      [
        {'key': 'DB01_DISCRIMINATION', 'kind': 'proportion', 'scale': CAST(100 AS DOUBLE), 'n': CAST(_n0 AS BIGINT), 'k': CAST(_k0 AS BIGINT), 'size': CAST(_n0 AS BIGINT), 'side': CAST(NULL AS BIGINT), 'numerator': CAST(_num0 AS DOUBLE), 'denominator': CAST(_den0 AS DOUBLE), 'value': CAST(NULL AS DOUBLE), 'q': CAST(NULL AS DOUBLE), 'x1': CAST(NULL AS DOUBLE), 'x2': CAST(NULL AS DOUBLE), 'v_yy': CAST(_vyy0 AS DOUBLE), 'v_yx': CAST(_vyx0 AS DOUBLE), 'v_xx': CAST(_vxx0 AS DOUBLE), 'df': CAST(_df0 AS BIGINT), 'set_UNIT_MEASURE': CAST(NULL AS TEXT)},
        {'key': 'DB02_VIOLENCE', 'kind': 'proportion', 'scale': CAST(100 AS DOUBLE), 'n': CAST(_n1 AS BIGINT), 'k': CAST(_k1 AS BIGINT), 'size': CAST(_n1 AS BIGINT), 'side': CAST(NULL AS BIGINT), 'numerator': CAST(_num1 AS DOUBLE), 'denominator': CAST(_den1 AS DOUBLE), 'value': CAST(NULL AS DOUBLE), 'q': CAST(NULL AS DOUBLE), 'x1': CAST(NULL AS DOUBLE), 'x2': CAST(NULL AS DOUBLE), 'v_yy': CAST(_vyy1 AS DOUBLE), 'v_yx': CAST(_vyx1 AS DOUBLE), 'v_xx': CAST(_vxx1 AS DOUBLE), 'df': CAST(_df1 AS BIGINT), 'set_UNIT_MEASURE': CAST(NULL AS TEXT)},
        {'key': 'DB03_ACCESS_BARRIER', 'kind': 'proportion', 'scale': CAST(100 AS DOUBLE), 'n': CAST(_n2 AS BIGINT), 'k': CAST(_k2 AS BIGINT), 'size': CAST(_n2 AS BIGINT), 'side': CAST(NULL AS BIGINT), 'numerator': CAST(_num2 AS DOUBLE), 'denominator': CAST(_den2 AS DOUBLE), 'value': CAST(NULL AS DOUBLE), 'q': CAST(NULL AS DOUBLE), 'x1': CAST(NULL AS DOUBLE), 'x2': CAST(NULL AS DOUBLE), 'v_yy': CAST(_vyy2 AS DOUBLE), 'v_yx': CAST(_vyx2 AS DOUBLE), 'v_xx': CAST(_vxx2 AS DOUBLE), 'df': CAST(_df2 AS BIGINT), 'set_UNIT_MEASURE': CAST(NULL AS TEXT)},
        {'key': 'DB04_OWN_DECISIONS', 'kind': 'proportion', 'scale': CAST(100 AS DOUBLE), 'n': CAST(_n3 AS BIGINT), 'k': CAST(_k3 AS BIGINT), 'size': CAST(_n3 AS BIGINT), 'side': CAST(NULL AS BIGINT), 'numerator': CAST(_num3 AS DOUBLE), 'denominator': CAST(_den3 AS DOUBLE), 'value': CAST(NULL AS DOUBLE), 'q': CAST(NULL AS DOUBLE), 'x1': CAST(NULL AS DOUBLE), 'x2': CAST(NULL AS DOUBLE), 'v_yy': CAST(_vyy3 AS DOUBLE), 'v_yx': CAST(_vyx3 AS DOUBLE), 'v_xx': CAST(_vxx3 AS DOUBLE), 'df': CAST(_df3 AS BIGINT), 'set_UNIT_MEASURE': CAST(NULL AS TEXT)},
        {'key': 'DB05_LEISURE', 'kind': 'proportion', 'scale': CAST(100 AS DOUBLE), 'n': CAST(_n4 AS BIGINT), 'k': CAST(_k4 AS BIGINT), 'size': CAST(_n4 AS BIGINT), 'side': CAST(NULL AS BIGINT), 'numerator': CAST(_num4 AS DOUBLE), 'denominator': CAST(_den4 AS DOUBLE), 'value': CAST(NULL AS DOUBLE), 'q': CAST(NULL AS DOUBLE), 'x1': CAST(NULL AS DOUBLE), 'x2': CAST(NULL AS DOUBLE), 'v_yy': CAST(_vyy4 AS DOUBLE), 'v_yx': CAST(_vyx4 AS DOUBLE), 'v_xx': CAST(_vxx4 AS DOUBLE), 'df': CAST(_df4 AS BIGINT), 'set_UNIT_MEASURE': CAST(NULL AS TEXT)},
        {'key': 'DB05_LONELINESS', 'kind': 'proportion', 'scale': CAST(100 AS DOUBLE), 'n': CAST(_n5 AS BIGINT), 'k': CAST(_k5 AS BIGINT), 'size': CAST(_n5 AS BIGINT), 'side': CAST(NULL AS BIGINT), 'numerator': CAST(_num5 AS DOUBLE), 'denominator': CAST(_den5 AS DOUBLE), 'value': CAST(NULL AS DOUBLE), 'q': CAST(NULL AS DOUBLE), 'x1': CAST(NULL AS DOUBLE), 'x2': CAST(NULL AS DOUBLE), 'v_yy': CAST(_vyy5 AS DOUBLE), 'v_yx': CAST(_vyx5 AS DOUBLE), 'v_xx': CAST(_vxx5 AS DOUBLE), 'df': CAST(_df5 AS BIGINT), 'set_UNIT_MEASURE': CAST(NULL AS TEXT)},
        {'key': 'DB06_EDUCATION', 'kind': 'proportion', 'scale': CAST(100 AS DOUBLE), 'n': CAST(_n6 AS BIGINT), 'k': CAST(_k6 AS BIGINT), 'size': CAST(_n6 AS BIGINT), 'side': CAST(NULL AS BIGINT), 'numerator': CAST(_num6 AS DOUBLE), 'denominator': CAST(_den6 AS DOUBLE), 'value': CAST(NULL AS DOUBLE), 'q': CAST(NULL AS DOUBLE), 'x1': CAST(NULL AS DOUBLE), 'x2': CAST(NULL AS DOUBLE), 'v_yy': CAST(_vyy6 AS DOUBLE), 'v_yx': CAST(_vyx6 AS DOUBLE), 'v_xx': CAST(_vxx6 AS DOUBLE), 'df': CAST(_df6 AS BIGINT), 'set_UNIT_MEASURE': CAST(NULL AS TEXT)},
        {'key': 'DB07_GOOD_HEALTH', 'kind': 'proportion', 'scale': CAST(100 AS DOUBLE), 'n': CAST(_n7 AS BIGINT), 'k': CAST(_k7 AS BIGINT), 'size': CAST(_n7 AS BIGINT), 'side': CAST(NULL AS BIGINT), 'numerator': CAST(_num7 AS DOUBLE), 'denominator': CAST(_den7 AS DOUBLE), 'value': CAST(NULL AS DOUBLE), 'q': CAST(NULL AS DOUBLE), 'x1': CAST(NULL AS DOUBLE), 'x2': CAST(NULL AS DOUBLE), 'v_yy': CAST(_vyy7 AS DOUBLE), 'v_yx': CAST(_vyx7 AS DOUBLE), 'v_xx': CAST(_vxx7 AS DOUBLE), 'df': CAST(_df7 AS BIGINT), 'set_UNIT_MEASURE': CAST(NULL AS TEXT)},
        {'key': 'DB07_ACTIVITY_LIMITATION', 'kind': 'proportion', 'scale': CAST(100 AS DOUBLE), 'n': CAST(_n8 AS BIGINT), 'k': CAST(_k8 AS BIGINT), 'size': CAST(_n8 AS BIGINT), 'side': CAST(NULL AS BIGINT), 'numerator': CAST(_num8 AS DOUBLE), 'denominator': CAST(_den8 AS DOUBLE), 'value': CAST(NULL AS DOUBLE), 'q': CAST(NULL AS DOUBLE), 'x1': CAST(NULL AS DOUBLE), 'x2': CAST(NULL AS DOUBLE), 'v_yy': CAST(_vyy8 AS DOUBLE), 'v_yx': CAST(_vyx8 AS DOUBLE), 'v_xx': CAST(_vxx8 AS DOUBLE), 'df': CAST(_df8 AS BIGINT), 'set_UNIT_MEASURE': CAST(NULL AS TEXT)},
        {'key': 'DB07_LIFE_SATISFACTION', 'kind': 'mean', 'scale': CAST(1 AS DOUBLE), 'n': CAST(_n9 AS BIGINT), 'k': CAST(_k9 AS BIGINT), 'size': CAST(_n9 AS BIGINT), 'side': CAST(NULL AS BIGINT), 'numerator': CAST(_num9 AS DOUBLE), 'denominator': CAST(_den9 AS DOUBLE), 'value': CAST(NULL AS DOUBLE), 'q': CAST(_q9 AS DOUBLE), 'x1': CAST(_most9 AS DOUBLE), 'x2': CAST(NULL AS DOUBLE), 'v_yy': CAST(_vyy9 AS DOUBLE), 'v_yx': CAST(_vyx9 AS DOUBLE), 'v_xx': CAST(_vxx9 AS DOUBLE), 'df': CAST(_df9 AS BIGINT), 'set_UNIT_MEASURE': 'SCORE'},
        {'key': 'DB07_LIFE_SATISFACTION_MEDIAN', 'kind': 'quantile', 'scale': CAST(1 AS DOUBLE), 'n': CAST(_n10 AS BIGINT), 'k': CAST(NULL AS BIGINT), 'size': CAST(_n10 AS BIGINT), 'side': CAST(_side10 AS BIGINT), 'numerator': CAST(_to10 AS DOUBLE), 'denominator': CAST(_den10 AS DOUBLE), 'value': CAST(_quantile10 AS DOUBLE), 'q': CAST(NULL AS DOUBLE), 'x1': CAST(NULL AS DOUBLE), 'x2': CAST(NULL AS DOUBLE), 'v_yy': CAST(_vyy10 AS DOUBLE), 'v_yx': CAST(_vyx10 AS DOUBLE), 'v_xx': CAST(_vxx10 AS DOUBLE), 'df': CAST(_df10 AS BIGINT), 'set_UNIT_MEASURE': 'SCORE'},
        {'key': 'DB08_EMPLOYMENT', 'kind': 'proportion', 'scale': CAST(100 AS DOUBLE), 'n': CAST(_n11 AS BIGINT), 'k': CAST(_k11 AS BIGINT), 'size': CAST(_n11 AS BIGINT), 'side': CAST(NULL AS BIGINT), 'numerator': CAST(_num11 AS DOUBLE), 'denominator': CAST(_den11 AS DOUBLE), 'value': CAST(NULL AS DOUBLE), 'q': CAST(NULL AS DOUBLE), 'x1': CAST(NULL AS DOUBLE), 'x2': CAST(NULL AS DOUBLE), 'v_yy': CAST(_vyy11 AS DOUBLE), 'v_yx': CAST(_vyx11 AS DOUBLE), 'v_xx': CAST(_vxx11 AS DOUBLE), 'df': CAST(_df11 AS BIGINT), 'set_UNIT_MEASURE': CAST(NULL AS TEXT)},
        {'key': 'DB09_UNEXPECTED_EXPENSE', 'kind': 'proportion', 'scale': CAST(100 AS DOUBLE), 'n': CAST(_n13 AS BIGINT), 'k': CAST(_k13 AS BIGINT), 'size': CAST(_n13 AS BIGINT), 'side': CAST(NULL AS BIGINT), 'numerator': CAST(_num13 AS DOUBLE), 'denominator': CAST(_den13 AS DOUBLE), 'value': CAST(NULL AS DOUBLE), 'q': CAST(NULL AS DOUBLE), 'x1': CAST(NULL AS DOUBLE), 'x2': CAST(NULL AS DOUBLE), 'v_yy': CAST(_vyy13 AS DOUBLE), 'v_yx': CAST(_vyx13 AS DOUBLE), 'v_xx': CAST(_vxx13 AS DOUBLE), 'df': CAST(_df13 AS BIGINT), 'set_UNIT_MEASURE': CAST(NULL AS TEXT)},
        {'key': 'DB10_VOTED', 'kind': 'proportion', 'scale': CAST(100 AS DOUBLE), 'n': CAST(_n14 AS BIGINT), 'k': CAST(_k14 AS BIGINT), 'size': CAST(_n14 AS BIGINT), 'side': CAST(NULL AS BIGINT), 'numerator': CAST(_num14 AS DOUBLE), 'denominator': CAST(_den14 AS DOUBLE), 'value': CAST(NULL AS DOUBLE), 'q': CAST(NULL AS DOUBLE), 'x1': CAST(NULL AS DOUBLE), 'x2': CAST(NULL AS DOUBLE), 'v_yy': CAST(_vyy14 AS DOUBLE), 'v_yx': CAST(_vyx14 AS DOUBLE), 'v_xx': CAST(_vxx14 AS DOUBLE), 'df': CAST(_df14 AS BIGINT), 'set_UNIT_MEASURE': CAST(NULL AS TEXT)}
      ]
    ) AS figure
  FROM measured
), errors AS (
  SELECT
    *,
    CASE
      WHEN figure.kind IN ('count', 'total')
      THEN figure.numerator
      ELSE figure.numerator / NULLIF(figure.denominator, 0)
    END AS e
  FROM indicators
), variances AS (
  SELECT
    *,
    CASE
      WHEN figure.kind IN ('count', 'total')
      THEN figure.v_yy
      ELSE (
        figure.v_yy - 2 * e * figure.v_yx + e * e * figure.v_xx
      ) / (
        figure.denominator * figure.denominator
      )
    END AS v,
    CASE
      WHEN figure.kind IN ('proportion', 'quantile')
      THEN e * (
        1 - e
      )
      WHEN figure.kind = 'mean'
      THEN figure.q / figure.denominator - e * e
      WHEN figure.kind = 'total'
      THEN figure.q * figure.denominator - e * e
      WHEN figure.kind = 'count'
      THEN e * (
        figure.denominator - e
      )
    END AS spread
  FROM errors
), sure AS (
  SELECT
    *,
    CASE
      WHEN figure.df > 0
      AND ISFINITE(v)
      AND v > 1e-13 * e * e
      AND NOT (
        figure.kind = 'proportion' AND figure.k IN (0, figure.n)
      )
      AND NOT (
        figure.kind = 'count' AND figure.k = 0
      )
      THEN SQRT(v)
    END AS se,
    CASE
      WHEN figure.df > 0
      AND ISFINITE(v)
      AND v > 1e-13 * e * e
      AND NOT (
        figure.kind = 'proportion' AND figure.k IN (0, figure.n)
      )
      AND NOT (
        figure.kind = 'count' AND figure.k = 0
      )
      THEN CASE
        WHEN figure.kind IN ('proportion', 'quantile')
        THEN LEAST(figure.size, spread / v)
        WHEN figure.kind = 'mean' AND ISFINITE(spread)
        THEN spread * figure.size / NULLIF(figure.size - 1, 0) / v
      END
    END AS neff,
    CASE
      WHEN figure.df > 0
      AND ISFINITE(v)
      AND v > 1e-13 * e * e
      AND NOT (
        figure.kind = 'proportion' AND figure.k IN (0, figure.n)
      )
      AND NOT (
        figure.kind = 'count' AND figure.k = 0
      )
      THEN CASE
        WHEN ISFINITE(spread) AND spread > 1e-13 * e * e
        THEN v * (
          figure.size - 1
        ) / spread
      END
    END AS deff
  FROM variances
), compared AS (
  SELECT
    *
  FROM sure
  UNION ALL BY NAME
  SELECT
    a.*
    REPLACE (NULL AS "in_DISABILITY_STATUS", TRUE AS "all_DISABILITY_STATUS", a.figure.numerator / NULLIF(a.figure.denominator, 0) - b.figure.numerator / NULLIF(b.figure.denominator, 0) AS e, v._vyy12 AS v, CASE
      WHEN NOT a.se IS NULL AND NOT b.se IS NULL AND v._vyy12 > 0
      THEN SQRT(v._vyy12)
    END AS se, CAST(NULL AS DOUBLE) AS neff, CAST(NULL AS DOUBLE) AS deff, {'key': 'DB08_EMPLOYMENT_GAP', 'kind': 'difference', 'scale': CAST(100 AS DOUBLE), 'n': CAST(a.figure.n + b.figure.n AS BIGINT), 'k': CAST(NULL AS BIGINT), 'size': CAST(NULL AS BIGINT), 'side': CAST(NULL AS BIGINT), 'numerator': CAST(NULL AS DOUBLE), 'denominator': CAST(NULL AS DOUBLE), 'value': CAST(a.figure.numerator / NULLIF(a.figure.denominator, 0) - b.figure.numerator / NULLIF(b.figure.denominator, 0) AS DOUBLE), 'q': CAST(NULL AS DOUBLE), 'x1': CAST(NULL AS DOUBLE), 'x2': CAST(NULL AS DOUBLE), 'v_yy': CAST(NULL AS DOUBLE), 'v_yx': CAST(NULL AS DOUBLE), 'v_xx': CAST(NULL AS DOUBLE), 'df': CAST(v._df12 AS BIGINT), 'set_UNIT_MEASURE': 'PP'} AS figure)
  FROM sure AS a
  JOIN sure AS b
    ON a."in_TIME_PERIOD" IS NOT DISTINCT FROM b."in_TIME_PERIOD"
    AND a."in_SEX" IS NOT DISTINCT FROM b."in_SEX"
    AND a."in_AGE" IS NOT DISTINCT FROM b."in_AGE"
    AND a."in_REF_AREA" IS NOT DISTINCT FROM b."in_REF_AREA"
    AND a."all_SEX" IS NOT DISTINCT FROM b."all_SEX"
    AND a."all_AGE" IS NOT DISTINCT FROM b."all_AGE"
    AND a."all_REF_AREA" IS NOT DISTINCT FROM b."all_REF_AREA"
  LEFT JOIN covariances_disability_status AS v
    ON a."in_TIME_PERIOD" IS NOT DISTINCT FROM v."in_TIME_PERIOD"
    AND a."in_SEX" IS NOT DISTINCT FROM v."in_SEX"
    AND a."in_AGE" IS NOT DISTINCT FROM v."in_AGE"
    AND a."in_REF_AREA" IS NOT DISTINCT FROM v."in_REF_AREA"
    AND a."all_SEX" IS NOT DISTINCT FROM v."all_SEX"
    AND a."all_AGE" IS NOT DISTINCT FROM v."all_AGE"
    AND a."all_REF_AREA" IS NOT DISTINCT FROM v."all_REF_AREA"
  WHERE
    a.figure.key = 'DB08_EMPLOYMENT'
    AND NOT a."all_DISABILITY_STATUS"
    AND a."in_DISABILITY_STATUS" = 'PWD'
    AND b.figure.key = 'DB08_EMPLOYMENT'
    AND NOT b."all_DISABILITY_STATUS"
    AND b."in_DISABILITY_STATUS" = 'PD'
), reach AS (
  SELECT
    *,
    CASE
      WHEN figure.kind = 'proportion' AND NOT se IS NULL
      THEN (
        CASE
          WHEN figure.df BETWEEN 1 AND 100
          THEN CAST(STR_SPLIT(
            '12.7062047362 4.30265272975 3.18244630528 2.7764451052 2.57058183564 2.44691185114 2.36462425159 2.3060041352 2.2621571628 2.22813885199 2.20098516009 2.17881282967 2.16036865646 2.14478668792 2.13144954556 2.11990529922 2.10981557783 2.10092204024 2.09302405441 2.08596344727 2.07961384473 2.0738730679 2.06865761042 2.06389856163 2.05953855275 2.05552943864 2.05183051648 2.0484071418 2.04522964213 2.0422724563 2.0395134464 2.03693334346 2.03451529745 2.03224450932 2.03010792825 2.02809400098 2.02619246303 2.02439416391 2.02269092004 2.02107539031 2.01954097044 2.01808170282 2.01669219923 2.01536757444 2.01410338888 2.01289559892 2.01174051373 2.01063475762 2.00957523713 2.0085591121 2.00758377032 2.00664680506 2.00574599532 2.00487928819 2.00404478329 2.00324071885 2.00246545929 2.00171748415 2.00099537809 2.00029782201 1.99962358499 1.99897151703 1.99834054252 1.99772965432 1.99713790839 1.99656441895 1.99600835403 1.99546893143 1.99494541511 1.99443711177 1.99394336785 1.99346356666 1.99299712589 1.99254349518 1.992102154 1.99167260964 1.99125439539 1.99084706881 1.99045021023 1.99006342125 1.98968632346 1.98931855714 1.98895978018 1.98860966698 1.98826790748 1.98793420624 1.98760828159 1.98728986483 1.98697869951 1.9866745407 1.98637715442 1.98608631695 1.98580181435 1.98552344187 1.98525100351 1.98498431152 1.98472318601 1.98446745451 1.98421695159 1.98397151852',
            ' '
          ) AS DOUBLE[])[figure.df]
          WHEN figure.df > 100
          THEN 1.959963984540054 + 2.37227123029856 / POWER(figure.df, 1) + 2.82249861573961 / POWER(figure.df, 2) + 2.55584967950772 / POWER(figure.df, 3) + 1.58953405339382 / POWER(figure.df, 4)
        END
      ) * se / (
        e * (
          1 - e
        )
      )
      ELSE (
        CASE
          WHEN figure.df BETWEEN 1 AND 100
          THEN CAST(STR_SPLIT(
            '12.7062047362 4.30265272975 3.18244630528 2.7764451052 2.57058183564 2.44691185114 2.36462425159 2.3060041352 2.2621571628 2.22813885199 2.20098516009 2.17881282967 2.16036865646 2.14478668792 2.13144954556 2.11990529922 2.10981557783 2.10092204024 2.09302405441 2.08596344727 2.07961384473 2.0738730679 2.06865761042 2.06389856163 2.05953855275 2.05552943864 2.05183051648 2.0484071418 2.04522964213 2.0422724563 2.0395134464 2.03693334346 2.03451529745 2.03224450932 2.03010792825 2.02809400098 2.02619246303 2.02439416391 2.02269092004 2.02107539031 2.01954097044 2.01808170282 2.01669219923 2.01536757444 2.01410338888 2.01289559892 2.01174051373 2.01063475762 2.00957523713 2.0085591121 2.00758377032 2.00664680506 2.00574599532 2.00487928819 2.00404478329 2.00324071885 2.00246545929 2.00171748415 2.00099537809 2.00029782201 1.99962358499 1.99897151703 1.99834054252 1.99772965432 1.99713790839 1.99656441895 1.99600835403 1.99546893143 1.99494541511 1.99443711177 1.99394336785 1.99346356666 1.99299712589 1.99254349518 1.992102154 1.99167260964 1.99125439539 1.99084706881 1.99045021023 1.99006342125 1.98968632346 1.98931855714 1.98895978018 1.98860966698 1.98826790748 1.98793420624 1.98760828159 1.98728986483 1.98697869951 1.9866745407 1.98637715442 1.98608631695 1.98580181435 1.98552344187 1.98525100351 1.98498431152 1.98472318601 1.98446745451 1.98421695159 1.98397151852',
            ' '
          ) AS DOUBLE[])[figure.df]
          WHEN figure.df > 100
          THEN 1.959963984540054 + 2.37227123029856 / POWER(figure.df, 1) + 2.82249861573961 / POWER(figure.df, 2) + 2.55584967950772 / POWER(figure.df, 3) + 1.58953405339382 / POWER(figure.df, 4)
        END
      ) * se
    END AS half
  FROM compared
), bounds10 AS (
  SELECT
    reach."in_TIME_PERIOD",
    reach."in_DISABILITY_STATUS",
    reach."in_SEX",
    reach."in_AGE",
    reach."in_REF_AREA",
    reach."all_DISABILITY_STATUS",
    reach."all_SEX",
    reach."all_AGE",
    reach."all_REF_AREA",
    MIN(r.y) FILTER(WHERE
      r.w_to >= (
        reach.e - reach.half
      ) * r.w_all * (
        1 - 1e-12
      )) AS low,
    MIN(r.y) FILTER(WHERE
      r.w_to >= (
        reach.e + reach.half
      ) * r.w_all * (
        1 - 1e-12
      )) AS high,
    LEAST(
      MIN(r.n_to) FILTER(WHERE
        r.w_to >= (
          reach.e - reach.half
        ) * r.w_all * (
          1 - 1e-12
        )),
      MAX(r.n_all - r.n_to + r.n) FILTER(WHERE
        r.w_to >= (
          reach.e + reach.half
        ) * r.w_all * (
          1 - 1e-12
        ))
    ) AS beyond
  FROM reach
  JOIN ranked10 AS r
    ON reach."in_TIME_PERIOD" IS NOT DISTINCT FROM r."in_TIME_PERIOD"
    AND reach."in_DISABILITY_STATUS" IS NOT DISTINCT FROM r."in_DISABILITY_STATUS"
    AND reach."in_SEX" IS NOT DISTINCT FROM r."in_SEX"
    AND reach."in_AGE" IS NOT DISTINCT FROM r."in_AGE"
    AND reach."in_REF_AREA" IS NOT DISTINCT FROM r."in_REF_AREA"
    AND reach."all_DISABILITY_STATUS" IS NOT DISTINCT FROM r."all_DISABILITY_STATUS"
    AND reach."all_SEX" IS NOT DISTINCT FROM r."all_SEX"
    AND reach."all_AGE" IS NOT DISTINCT FROM r."all_AGE"
    AND reach."all_REF_AREA" IS NOT DISTINCT FROM r."all_REF_AREA"
  WHERE
    reach.figure.key = 'DB07_LIFE_SATISFACTION_MEDIAN'
    AND reach.e - reach.half >= 0
    AND reach.e + reach.half <= 1
  GROUP BY
    reach."in_TIME_PERIOD",
    reach."in_DISABILITY_STATUS",
    reach."in_SEX",
    reach."in_AGE",
    reach."in_REF_AREA",
    reach."all_DISABILITY_STATUS",
    reach."all_SEX",
    reach."all_AGE",
    reach."all_REF_AREA"
), figures AS (
  SELECT
    reach.*
    REPLACE (CASE
      WHEN figure.kind = 'quantile'
      THEN NULLIF(COALESCE(bounds10.high) - COALESCE(bounds10.low), 0) * se / (
        2 * half
      )
      ELSE se
    END AS se, CASE WHEN figure.kind = 'quantile' THEN figure.value ELSE e END AS e),
    CASE
      WHEN figure.kind = 'quantile'
      THEN COALESCE(bounds10.low)
      ELSE CASE
        WHEN figure.kind = 'proportion' AND NOT se IS NULL
        THEN 1 / (
          1 + EXP(-(
            LN(e / (
              1 - e
            )) - half
          ))
        )
        ELSE e - half
      END
    END AS low,
    CASE
      WHEN figure.kind = 'quantile'
      THEN COALESCE(bounds10.high)
      ELSE CASE
        WHEN figure.kind = 'proportion' AND NOT se IS NULL
        THEN 1 / (
          1 + EXP(-(
            LN(e / (
              1 - e
            )) + half
          ))
        )
        ELSE e + half
      END
    END AS high,
    COALESCE(bounds10.beyond) AS beyond
  FROM reach
  LEFT JOIN bounds10
    ON reach.figure.key = 'DB07_LIFE_SATISFACTION_MEDIAN'
    AND reach."in_TIME_PERIOD" IS NOT DISTINCT FROM bounds10."in_TIME_PERIOD"
    AND reach."in_DISABILITY_STATUS" IS NOT DISTINCT FROM bounds10."in_DISABILITY_STATUS"
    AND reach."in_SEX" IS NOT DISTINCT FROM bounds10."in_SEX"
    AND reach."in_AGE" IS NOT DISTINCT FROM bounds10."in_AGE"
    AND reach."in_REF_AREA" IS NOT DISTINCT FROM bounds10."in_REF_AREA"
    AND reach."all_DISABILITY_STATUS" IS NOT DISTINCT FROM bounds10."all_DISABILITY_STATUS"
    AND reach."all_SEX" IS NOT DISTINCT FROM bounds10."all_SEX"
    AND reach."all_AGE" IS NOT DISTINCT FROM bounds10."all_AGE"
    AND reach."all_REF_AREA" IS NOT DISTINCT FROM bounds10."all_REF_AREA"
), observations AS (
  SELECT
    CAST('A4' AS TEXT) AS "FREQ",
    CAST(CASE WHEN "all_REF_AREA" THEN 'DK' ELSE figures."in_REF_AREA" END AS TEXT) AS "REF_AREA",
    CAST(figure.key AS TEXT) AS "INDICATOR",
    CAST(CASE WHEN "all_DISABILITY_STATUS" THEN '_T' ELSE figures."in_DISABILITY_STATUS" END AS TEXT) AS "DISABILITY_STATUS",
    CAST(CASE WHEN "all_SEX" THEN '_T' ELSE figures."in_SEX" END AS TEXT) AS "SEX",
    CAST(CASE WHEN "all_AGE" THEN 'Y16T64' ELSE figures."in_AGE" END AS TEXT) AS "AGE",
    CAST(figures."in_TIME_PERIOD" AS TEXT) AS "TIME_PERIOD",
    CAST(ROUND(
      CASE figure.kind
        WHEN 'count'
        THEN CASE WHEN figure.denominator > 0 THEN figure.scale * figure.numerator END
        WHEN 'total'
        THEN figure.scale * figure.numerator
        WHEN 'quantile'
        THEN figure.scale * figure.value
        WHEN 'difference'
        THEN figure.scale * figure.value
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
    CAST(CASE
      WHEN COALESCE(figures.beyond, 20) >= 20
      THEN NULLIF(ROUND(figures.se * ABS(figure.scale), 2), 0)
    END AS DOUBLE) AS "STD_ERROR",
    CAST(CASE
      WHEN COALESCE(figures.beyond, 20) >= 20
      THEN ROUND(LEAST(figures.low * figure.scale, figures.high * figure.scale), 2)
    END AS DOUBLE) AS "LOWER_BOUND",
    CAST(CASE
      WHEN COALESCE(figures.beyond, 20) >= 20
      THEN ROUND(GREATEST(figures.low * figure.scale, figures.high * figure.scale), 2)
    END AS DOUBLE) AS "UPPER_BOUND",
    CAST(NULLIF(ROUND(figures.deff, 2), 0) AS DOUBLE) AS "DESIGN_EFFECT",
    CAST(ROUND(figures.neff, 0) AS BIGINT) AS "EFFECTIVE_SAMPLE_SIZE",
    CAST(ROUND(CASE WHEN NOT figures.se IS NULL THEN figure.df END, 0) AS BIGINT) AS "DEGREES_OF_FREEDOM",
    CAST('SHILD person file (synthetic sample data, no real answers)' AS TEXT) AS "SOURCE_DETAIL",
    CAST('Disability: Washington Group short set, any domain with at least a lot of difficulty.' AS TEXT) AS "COMMENT_OBS",
    CAST('Danish Institute for Human Rights' AS TEXT) AS "DATA_PROVIDER",
    CAST(figure.n AS BIGINT) AS "_n",
    CAST(figure.k AS BIGINT) AS "_k",
    CAST(10 AS BIGINT) AS "_minimum",
    CAST(figure.kind AS TEXT) AS "_kind",
    CAST('dihr/disability_barometer' AS TEXT) AS "_dataset",
    CAST(deliveries AS TEXT[]) AS "_deliveries",
    CAST(figures.se * ABS(figure.scale) AS DOUBLE) AS "_se",
    CAST(CASE WHEN NOT figures.se IS NULL THEN figure.df END AS BIGINT) AS "_df",
    CAST(figures.neff AS DOUBLE) AS "_neff",
    CAST(CASE
      WHEN figure.kind <> 'difference'
      THEN figures.se / NULLIF(ABS(figures.e), 0)
    END AS DOUBLE) AS "_cv",
    CAST(LEAST(figures.low * figure.scale, figures.high * figure.scale) AS DOUBLE) AS "_lower",
    CAST(GREATEST(figures.low * figure.scale, figures.high * figure.scale) AS DOUBLE) AS "_upper",
    CAST(figure.x1 * ABS(figure.scale) / CASE figure.kind WHEN 'total' THEN 1 ELSE NULLIF(ABS(figure.denominator), 0) END AS DOUBLE) AS "_x1",
    CAST(figure.x2 * ABS(figure.scale) / CASE figure.kind WHEN 'total' THEN 1 ELSE NULLIF(ABS(figure.denominator), 0) END AS DOUBLE) AS "_x2",
    CAST(figure.size AS BIGINT) AS "_base",
    CAST(NULL AS BIGINT) AS "_base_key",
    CAST(NULL AS BIGINT) AS "_k_key",
    CAST(figure.side AS BIGINT) AS "_side"
  FROM figures
  JOIN behind
    ON period IS NOT DISTINCT FROM figures."in_TIME_PERIOD"
  WHERE
    (
      "all_DISABILITY_STATUS" OR NOT figures."in_DISABILITY_STATUS" IS NULL
    )
    AND (
      "all_SEX" OR NOT figures."in_SEX" IS NULL
    )
    AND (
      "all_AGE" OR NOT figures."in_AGE" IS NULL
    )
    AND (
      "all_REF_AREA" OR NOT figures."in_REF_AREA" IS NULL
    )
    AND (
      figure.kind = 'count' OR figure.n > 0
    )
)
SELECT
  *
  REPLACE (COALESCE(OBS_STATUS, 'A') AS OBS_STATUS, COALESCE(CONF_STATUS, CASE OBS_STATUS WHEN 'Q' THEN 'C' ELSE 'F' END) AS CONF_STATUS, COALESCE(SAMPLE_SIZE, CASE WHEN _kind <> 'count' THEN _n END) AS SAMPLE_SIZE)
FROM observations
ORDER BY
  "FREQ",
  "REF_AREA",
  "INDICATOR",
  "DISABILITY_STATUS",
  "SEX",
  "AGE",
  "TIME_PERIOD"
