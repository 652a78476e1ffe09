using System.Text;
using ChunkSync.Sqlite;

namespace ChunkSync.Backfill;

/// <summary>The last beginning of a year, month, day, hour, minute or second at or below a value: ISO text, seconds to nanoseconds since
/// 1970, julian days. UTC, proleptic Gregorian calendar; a text says itself what its day is.</summary>
internal sealed class TemporalRounding(Encoding encoding, string? unit) : IRounding
{
    private const long SecondsPerDay = 86_400;
    private const double JulianEpoch = 2_440_587.5;
    private const double FirstJulian = 1_721_425.5;
    private const double LastJulian = 5_373_484.5;

    private static readonly string[] Units = ["year", "month", "day", "hour", "minute", "second"];

    /// <summary>The length of an ISO text that says no more than the unit.</summary>
    private static readonly int[] TextLengths = [4, 7, 10, 16, 16, 19];

    /// <inheritdoc/>
    public List<RoundValue> Candidates(KeyValue low, KeyValue high)
    {
        if (low.Type != high.Type)
        {
            return [];
        }

        return high.Type switch
        {
            StorageClass.Text => OfText(high),
            StorageClass.Integer when unit == "julian" => OfJulian(high.Integer),
            StorageClass.Integer => OfInteger(low.Integer, high.Integer),
            StorageClass.Real => OfReal(low.Real, high.Real),
            _ => [],
        };
    }

    /// <summary>The beginning of unit <paramref name="index"/> of <see cref="Units"/> at or below a second since 1970.</summary>
    public static long Floor(long second, int index)
    {
        long day = FloorDivide(second, SecondsPerDay);
        return index switch
        {
            0 => FirstDay(day, wholeYear: true) * SecondsPerDay,
            1 => FirstDay(day, wholeYear: false) * SecondsPerDay,
            2 => day * SecondsPerDay,
            3 => FloorDivide(second, 3600) * 3600,
            4 => FloorDivide(second, 60) * 60,
            _ => second,
        };
    }

    private List<RoundValue> OfText(KeyValue high)
    {
        string text;
        try
        {
            text = encoding.GetString(high.Bytes);
        }
        catch (DecoderFallbackException)
        {
            return [];
        }

        int precise = Precision(text);
        List<RoundValue> candidates = [];
        for (int i = 0; i < Units.Length && i < precise; i++)
        {
            string shorter = i != 3 ? text[..TextLengths[i]] : text.Length > 13 && text[13] == ':' ? text[..13] + ":00" : text[..13];
            candidates.Add(new("temporal:" + Units[i]) { Bytes = encoding.GetBytes(shorter), IsText = true });
        }

        return candidates;
    }

    /// <summary>How many units a text names, from the year on: 0, or 3 to 6.</summary>
    private static int Precision(string text)
    {
        bool isDate = text.Length >= 10 && AreDigits(text, 0, 4) && text[4] == '-' && AreDigits(text, 5, 2) && text[7] == '-' && AreDigits(text, 8, 2);
        if (!isDate || text[5] > '1' || text[8] > '3')
        {
            return 0;
        }

        if (text.Length < 13 || text[10] is not ('T' or ' ') || !AreDigits(text, 11, 2))
        {
            return 3;
        }

        bool hasMinute = text.Length >= 16 && text[13] == ':' && AreDigits(text, 14, 2);
        bool hasSecond = hasMinute && text.Length >= 19 && text[16] == ':' && AreDigits(text, 17, 2);
        return hasSecond ? 6 : hasMinute ? 5 : 4;
    }

    private static bool AreDigits(string text, int at, int count)
    {
        for (int i = at; i < at + count; i++)
        {
            if (i >= text.Length || !char.IsAsciiDigit(text[i]))
            {
                return false;
            }
        }

        return true;
    }

    private List<RoundValue> OfInteger(long low, long high)
    {
        long scale = unit switch
        {
            "s" => 1,
            "ms" => 1_000,
            "us" => 1_000_000,
            "ns" => 1_000_000_000,
            _ => GuessScale(low, high),
        };
        List<RoundValue> candidates = [];
        for (int i = 0; i < Units.Length; i++)
        {
            Int128 value = (Int128)Floor(FloorDivide(high, scale), i) * scale;
            if (value >= long.MinValue)
            {
                candidates.Add(new("temporal:" + Units[i]) { Integer = (long)value });
            }
        }

        return candidates;
    }

    private static long GuessScale(long low, long high)
    {
        UInt128 size = (UInt128)Int128.Max(Int128.Abs(low), Int128.Abs(high));
        return size < 100_000_000_000 ? 1 : size < 100_000_000_000_000 ? 1_000 : size < 100_000_000_000_000_000 ? 1_000_000 : 1_000_000_000;
    }

    private List<RoundValue> OfReal(double low, double high)
    {
        const double Largest = 1e15;
        bool isJulian = unit == "julian" || (unit == null && Math.Min(low, high) >= FirstJulian && Math.Max(low, high) < LastJulian);
        if (isJulian)
        {
            return OfJulian(high);
        }

        double scale = unit switch { "ms" => 1e3, "us" => 1e6, "ns" => 1e9, _ => 1 };
        double second = Math.Floor(high / scale);
        List<RoundValue> candidates = [];
        for (int i = 0; i < Units.Length && Math.Abs(second) < Largest; i++)
        {
            candidates.Add(new("temporal:" + Units[i]) { Real = Floor((long)second, i) * scale });
        }

        return candidates;
    }

    private static List<RoundValue> OfJulian(double high)
    {
        List<RoundValue> candidates = [];
        if (high is >= FirstJulian and < LastJulian)
        {
            long second = (long)Math.Floor((high - JulianEpoch) * SecondsPerDay);
            for (int i = 0; i < Units.Length; i++)
            {
                candidates.Add(new("temporal:" + Units[i]) { Real = (Floor(second, i) / (double)SecondsPerDay) + JulianEpoch });
            }
        }

        return candidates;
    }

    /// <summary>The first day of a day's year or month, in days since 1970 (eras of 400 years that begin on 1 March).</summary>
    private static long FirstDay(long day, bool wholeYear)
    {
        const long DaysPerEra = 146_097;
        long shifted = day + 719_468;
        long era = FloorDivide(shifted, DaysPerEra);
        long dayOfEra = shifted - (era * DaysPerEra);
        long yearOfEra = (dayOfEra - (dayOfEra / 1460) + (dayOfEra / 36_524) - (dayOfEra / 146_096)) / 365;
        long dayOfYear = dayOfEra - ((365 * yearOfEra) + (yearOfEra / 4) - (yearOfEra / 100));
        long month = ((5 * dayOfYear) + 2) / 153;
        if (!wholeYear)
        {
            return day - (dayOfYear - (((153 * month) + 2) / 5));
        }

        // Years begin in January, the eleventh month of this count; the days before it belong to the year that has begun in March.
        const long FirstOfJanuary = 306;
        if (dayOfYear >= FirstOfJanuary)
        {
            return day - (dayOfYear - FirstOfJanuary);
        }

        long year = yearOfEra + (era * 400);
        bool isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        return day - dayOfYear - (isLeap ? 60 : 59);
    }

    private static long FloorDivide(long value, long divisor) => (value / divisor) - (value % divisor < 0 ? 1 : 0);
}
