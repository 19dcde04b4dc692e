namespace Kiln.Protocol.Shapes;

/// <summary>How an instant is spelt on the wire.</summary>
public enum TimestampFormat
{
    /// <summary><c>2021-09-29T11:04:43.000Z</c>; the rule of ec2, query and XML bodies and of REST queries and
    /// labels.</summary>
    Iso8601,

    /// <summary><c>Wed, 29 Sep 2021 11:04:43 GMT</c>; the rule of HTTP headers.</summary>
    HttpDate,

    /// <summary><c>1632913483</c> or <c>1632913483.25</c>; the rule of JSON bodies.</summary>
    UnixSeconds,
}
