using System.Globalization;
using Kiln.Cli.Output;

namespace Kiln.Cli.Tours;

/// <summary>AWS's list prices in us-east-1, to say what a step would cost there. Kiln itself charges nothing.</summary>
internal static class Prices
{
    /// <summary>USD for a GB-month of a snapshot's unique blocks.</summary>
    public const double SnapshotMonth = 0.05;

    /// <summary>USD for a GB that moves to another Region.</summary>
    public const double Transfer = 0.02;

    /// <summary>USD for a GB-month of a gp3 volume, used or not.</summary>
    public const double VolumeMonth = 0.08;

    private const double GB = 1L << 30;

    /// <summary>What bytes cost at a price, in words.</summary>
    public static string Of(double bytes, double price, string per) => string.Create(CultureInfo.InvariantCulture,
        $"{Sizes.Bytes(bytes)} × ${price:0.00} a GB{per} = ${bytes / GB * price:0.00000}");
}
