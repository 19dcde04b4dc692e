namespace Kiln.Service.Accounts;

/// <summary>The account that owns Kiln's starter images and the parameters that name them.</summary>
/// <remarks>
/// Its id is the same in every installation, so that filters and scripts can say <c>--owners kiln</c> or the number. It
/// has no credentials of its own: the operator gets a session of it.
/// </remarks>
public static class Publisher
{
    /// <summary>KILN on a telephone's keys.</summary>
    public const string AccountId = "000000005456";

    /// <summary>The account's name, and the alias that owners are filtered by.</summary>
    public const string Alias = "kiln";

    /// <summary>Parameters below this path are the publisher's, and everybody may read them.</summary>
    public const string ParameterPath = "/kiln/";
}
