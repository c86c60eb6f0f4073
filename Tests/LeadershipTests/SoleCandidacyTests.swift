import Leadership
import Testing
