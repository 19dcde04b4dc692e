using System.Collections;
using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Text.RegularExpressions;

namespace Kiln.Protocol.Shapes;

/// <summary>The bounds of one member, from its DataAnnotations.</summary>
/// <remarks>
/// <see cref="LengthAttribute"/>, <see cref="MinLengthAttribute"/> and <see cref="MaxLengthAttribute"/> count
/// characters
/// of a text, bytes of a blob and items of a list or map; <see cref="RangeAttribute"/> bounds a number;
/// <see cref="RegularExpressionAttribute"/> must match the whole text.
/// </remarks>
public sealed class Limits
{
    /// <summary>A pattern that needs backtracking may look at one value for so long; hostile text must not hold a
    /// core.</summary>
    private static readonly TimeSpan MatchTimeMax = TimeSpan.FromMilliseconds(100);

    private readonly Regex? _pattern;

    /// <summary>Makes bounds; null where there is none.</summary>
    public Limits(int? lengthMin, int? lengthMax, double? min, double? max, string? pattern)
    {
        (LengthMin, LengthMax, Min, Max, Pattern) = (lengthMin, lengthMax, min, max, pattern);
        if (pattern is not null) _pattern = Compile($@"\A(?:{pattern})\z");
    }

    /// <summary>The least length.</summary>
    public int? LengthMin { get; }

    /// <summary>The greatest length.</summary>
    public int? LengthMax { get; }

    /// <summary>The least value.</summary>
    public double? Min { get; }

    /// <summary>The greatest value.</summary>
    public double? Max { get; }

    /// <summary>What the whole text must match.</summary>
    public string? Pattern { get; }

    /// <summary>The bounds among a member's attributes, or null when there are none.</summary>
    public static Limits? Of(IEnumerable<object> attributes)
    {
        int? lengthMin = null, lengthMax = null;
        double? min = null, max = null;
        string? pattern = null;
        foreach (var attribute in attributes)
        {
            switch (attribute)
            {
                case LengthAttribute length: (lengthMin, lengthMax) = (
                    length.MinimumLength, length.MaximumLength); break;
                case StringLengthAttribute text: (lengthMin, lengthMax) = (
                    text.MinimumLength, text.MaximumLength); break;
                case MinLengthAttribute least: lengthMin = least.Length; break;
                case MaxLengthAttribute most: lengthMax = most.Length; break;
                case RangeAttribute range: (min, max) = (Number(range.Minimum), Number(range.Maximum)); break;
                case RegularExpressionAttribute expression: pattern = expression.Pattern; break;
            }
        }

        return (lengthMin ?? lengthMax) is null && min is null && pattern is null
            ? null
            : new Limits(lengthMin, lengthMax, min, max, pattern);
    }

    /// <summary>The constraint that a value breaks, in AWS's words (<c>Member must …</c>), or null.</summary>
    public string? Broken(object value)
    {
        if ((LengthMin ?? LengthMax) is not null && Length(value) is { } length)
        {
            if (length > LengthMax) return $"Member must have length less than or equal to {LengthMax}";
            if (length < LengthMin) return $"Member must have length greater than or equal to {LengthMin}";
        }

        if (Min is not null && value is int or long or float or double)
        {
            var number = Number(value);
            if (number > Max) return $"Member must have value less than or equal to {Max}";
            if (!(number >= Min)) return $"Member must have value greater than or equal to {Min}";
        }

        return _pattern is not null && value is string text && !Matches(text)
            ? $"Member must satisfy regular expression pattern: {Pattern}"
            : null;
    }

    private static double Number(object value) => Convert.ToDouble(value, CultureInfo.InvariantCulture);

    private static int? Length(object value) => value switch
    {
        string text => text.Length,
        byte[] bytes => bytes.Length,
        ReadOnlyMemory<byte> bytes => bytes.Length,
        ICollection collection => collection.Count,
        _ => null,
    };

    private static Regex Compile(string pattern)
    {
        try
        {
            return new Regex(pattern, RegexOptions.NonBacktracking | RegexOptions.CultureInvariant);
        }
        catch (NotSupportedException)
        {
            return new Regex(pattern, RegexOptions.CultureInvariant, MatchTimeMax);
        }
    }

    private bool Matches(string text)
    {
        try
        {
            return _pattern!.IsMatch(text);
        }
        catch (RegexMatchTimeoutException)
        {
            return false;
        }
    }
}
