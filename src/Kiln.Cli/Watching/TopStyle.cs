namespace Kiln.Cli.Watching;

/// <summary>How a line looks where there are colours.</summary>
public enum TopStyle
{
    /// <summary>As it is.</summary>
    Plain,

    /// <summary>A heading.</summary>
    Heading,

    /// <summary>Somebody should look.</summary>
    Alarm,
}
