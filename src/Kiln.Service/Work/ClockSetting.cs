using System.Globalization;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Work;

/// <summary>The domain clock's offset in the database, shared by all nodes.</summary>
public static class ClockSetting
{
    /// <summary>The setting's name.</summary>
    public const string Name = "clock-offset-ms";

    /// <summary>The furthest the clock may be moved in all: further than any retention that AWS accepts (100
    /// years).</summary>
    public static readonly TimeSpan OffsetMax = TimeSpan.FromDays(366 * 200);

    /// <summary>Reads the stored text.</summary>
    public static TimeSpan Parse(string value) =>
        TimeSpan.FromMilliseconds(long.Parse(value, CultureInfo.InvariantCulture));

    /// <summary>Adds to the offset and adopts it on this node; other nodes follow within their next poll.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Negative, or the sum passes <see cref="OffsetMax"/>.</exception>
    public static async Task Advance(Db db, DomainClock clock, TimeSpan by, CancellationToken cancel)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(by, TimeSpan.Zero);
        var setting = await db.Settings.SingleOrDefaultAsync(s => s.Name == Name, cancel);
        var offset = (setting is null ? TimeSpan.Zero : Parse(setting.Value)) + by;
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset, OffsetMax);
        var text = ((long)offset.TotalMilliseconds).ToString(CultureInfo.InvariantCulture);
        if (setting is null)
            db.Add(new Setting { Name = Name, Value = text });
        else
            setting.Value = text;
        await db.SaveChangesAsync(cancel);
        clock.Adopt(offset);
    }
}
