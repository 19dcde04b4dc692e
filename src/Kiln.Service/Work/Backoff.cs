namespace Kiln.Service.Work;

/// <summary>The pause before a failed step is tried again.</summary>
public static class Backoff
{
    /// <summary>The longest pause: a fault that heals (a full disk, a lost mount) is noticed within this
    /// time.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromMinutes(1);

    /// <summary>Doubles from half a second with each attempt.</summary>
    public static TimeSpan After(int attempts)
    {
        var seconds = 0.5 * Math.Pow(2, Math.Min(attempts - 1, 10));
        return TimeSpan.FromSeconds(Math.Min(seconds, Longest.TotalSeconds));
    }
}
