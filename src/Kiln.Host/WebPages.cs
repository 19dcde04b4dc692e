namespace Kiln.Host;

/// <summary>Requests that a page in somebody's browser makes to a service on the same machine.</summary>
/// <remarks>
/// With <c>--dev</c> everybody knows the credentials, so that any page, of whatever origin, could sign for any account.
/// A page cannot read the answer, and need not: launching and deleting work without.
/// </remarks>
internal static class WebPages
{
    /// <summary>Whether a browser sent a request for a page of another origin than the service's own.</summary>
    public static bool Sent(HttpRequest request)
    {
        // What needs no Origin, such as an image's address, has at least where it comes from.
        var origin = request.Headers.Origin.FirstOrDefault();
        return (origin is not null && origin != $"{request.Scheme}://{request.Host}")
            || request.Headers["Sec-Fetch-Site"].FirstOrDefault() is "cross-site" or "same-site";
    }

    /// <summary>Refuses it.</summary>
    public static Task Refuse(HttpContext http)
    {
        http.Response.StatusCode = StatusCodes.Status403Forbidden;
        http.Response.ContentType = "text/plain";
        return http.Response.WriteAsync(
            "A service with --dev does nothing for web pages: its credentials are known to all of them.\n",
            http.RequestAborted);
    }
}
