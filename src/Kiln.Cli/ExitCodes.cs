namespace Kiln.Cli;

/// <summary>What <c>kiln</c> ends with, for scripts.</summary>
public static class ExitCodes
{
    /// <summary>It is done.</summary>
    public const int Done = 0;

    /// <summary>It could not be done.</summary>
    public const int Failed = 1;

    /// <summary>The command line or the settings are wrong; nothing was tried.</summary>
    public const int Usage = 2;

    /// <summary>The service cannot be reached.</summary>
    public const int Unreachable = 3;

    /// <summary>The service refused the call: its code and message are printed.</summary>
    public const int Refused = 4;

    /// <summary>Damage was found: <c>kiln check</c>, or a block that does not match its checksum.</summary>
    public const int Damaged = 5;

    /// <summary>Interrupted, as shells count SIGINT.</summary>
    public const int Interrupted = 130;
}
